#include "ops/product/bfloat16_tiles.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#if HWY_ARCH_X86_64
#include <cpuid.h>
#include <hwy/base.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace mlrun::ops {

#if HWY_ARCH_X86_64

bool may_use_tiles() {
  constexpr unsigned kBfloat16 = 1u << 22;
  constexpr unsigned kTiles = 1u << 24;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of Linux 5.16
  constexpr long kTileData = 18;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  if (!(d & kBfloat16) || !(d & kTiles)) return false;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

HWY_PUSH_ATTRIBUTES("amx-tile,amx-bf16")
namespace {

constexpr int64_t kSide = 16;
constexpr int64_t kColumns = 3 * kSide;
constexpr int64_t kBytes = 4;  // of a float, and of a pair

// As `ldtilecfg` reads it: all eight tiles have 16 rows of 64 bytes.
struct alignas(64) Configuration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr Configuration kConfiguration;

// Tiles 0 to 2 are sums, 3 to 5 columns of b, 6 rows of a.
template <int V>
void add_products(const PanelProduct& t) {
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  for (int64_t k = 0; k < t.pairs; k += kSide, a += kSide * kSide, b += kSide * kColumns) {
    _tile_loadd(6, a, kSide * kBytes);
    _tile_loadd(3, b, kColumns * kBytes);
    _tile_dpbf16ps(0, 6, 3);
    if constexpr (V > 1) {
      _tile_loadd(4, b + kSide, kColumns * kBytes);
      _tile_dpbf16ps(1, 6, 4);
    }
    if constexpr (V > 2) {
      _tile_loadd(5, b + 2 * kSide, kColumns * kBytes);
      _tile_dpbf16ps(2, 6, 5);
    }
  }
}

// All 16 rows and V times 16 columns of c.
template <int V>
void multiply_whole(const PanelProduct& t) {
  const int64_t stride = t.ldc * kBytes;
  if (t.set) {
    _tile_zero(0);
    if constexpr (V > 1) _tile_zero(1);
    if constexpr (V > 2) _tile_zero(2);
  } else {
    _tile_loadd(0, t.c, stride);
    if constexpr (V > 1) _tile_loadd(1, t.c + kSide, stride);
    if constexpr (V > 2) _tile_loadd(2, t.c + 2 * kSide, stride);
  }
  add_products<V>(t);
  _tile_stored(0, t.c, stride);
  if constexpr (V > 1) _tile_stored(1, t.c + kSide, stride);
  if constexpr (V > 2) _tile_stored(2, t.c + 2 * kSide, stride);
}

void copy(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to,
          int64_t to_stride) {
  for (int64_t i = 0; i < rows; ++i) {
    std::copy_n(from + i * from_stride, columns, to + i * to_stride);
  }
}

template <int V>
void multiply(const PanelProduct& t) {
  const int64_t rows = std::min(t.rows, kSide);
  const int64_t columns = std::min(t.columns, V * kSide);
  if (rows == kSide && columns == V * kSide) return multiply_whole<V>(t);
  alignas(64) float edge[kSide * kColumns] = {};
  PanelProduct whole = t;
  whole.c = edge;
  whole.ldc = kColumns;
  if (!t.set) copy(t.c, t.ldc, rows, columns, edge, kColumns);
  __asm__ volatile("" ::: "memory");  // the compiler does not know that tiles are loaded from it
  multiply_whole<V>(whole);
  copy(edge, kColumns, rows, columns, t.c, t.ldc);
}

void configure() { _tile_loadconfig(&kConfiguration); }
void release() { _tile_release(); }

}  // namespace

void multiply_by_tiles(const PanelProduct& product) {
  if (product.columns > 2 * kSide) {
    multiply<3>(product);
  } else if (product.columns > kSide) {
    multiply<2>(product);
  } else {
    multiply<1>(product);
  }
}

HWY_POP_ATTRIBUTES

// Not between those attributes: GCC 12 leaves constructors without them.
TileRegisters::TileRegisters() { configure(); }
TileRegisters::~TileRegisters() { release(); }

#else

bool may_use_tiles() { return false; }
TileRegisters::TileRegisters() = default;
TileRegisters::~TileRegisters() = default;
void multiply_by_tiles(const PanelProduct&) {}

#endif

}  // namespace mlrun::ops
