// Written with intrinsics: Highway 1.0 has no function that becomes vdpbf16ps.
#include "ops/product/bfloat16.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#if HWY_ARCH_X86_64
#include <hwy/base.h>
#include <immintrin.h>

#include "base/divide.h"
#include "ops/product/bfloat16_tiles.h"
#endif

namespace mlrun::ops {

#if HWY_ARCH_X86_64

Bfloat16Way bfloat16_way() {
  static const Bfloat16Way way = [] {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512vl") || !__builtin_cpu_supports("avx512dq")) {
      return Bfloat16Way::kNone;
    }
    return may_use_tiles() ? Bfloat16Way::kTiles : Bfloat16Way::kVectors;
  }();
  return way;
}

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
namespace {

// Products of a panel of b with so many pairs stay in the level-2 cache; of tiles, in the first.
constexpr int64_t kMostPairs = 256;
constexpr int64_t kMostPairsOfTiles = 128;
constexpr int kVectorRows = 8;  // 24 sums of the 32 registers

// 16 rows or columns of one operand: element (k, i) at x[k * stride + i], or, with `k_inside`, at
// x[i * stride + k].
struct Slice {
  const float* x;
  int64_t stride;
  bool k_inside;
  int64_t count;  ///< of the 16 that exist
};

HWY_INLINE __mmask16 first(int64_t n) {
  return static_cast<__mmask16>(n >= 16 ? 0xffff : n <= 0 ? 0 : (1 << n) - 1);
}

HWY_INLINE void transpose(__m512i (&r)[16]) {
  __m512i t[16];
  for (int i = 0; i < 8; ++i) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 2; ++j) {
      r[4 * i + 2 * j] = _mm512_unpacklo_epi64(t[4 * i + j], t[4 * i + j + 2]);
      r[4 * i + 2 * j + 1] = _mm512_unpackhi_epi64(t[4 * i + j], t[4 * i + j + 2]);
    }
  }
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 16; j += 8) {
      t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
      t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
    }
  }
  for (int i = 0; i < 8; ++i) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
  }
}

// square[pair] = (k, k + 1) of each of the 16, from k = first_k + 2 pair; zero from k_end on.
HWY_INLINE void read_pairs(const Slice& s, int64_t first_k, int64_t k_end, __m512i (&square)[16]) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __mmask16 mask = first(s.count);
  for (int64_t i = 0; i < 16; ++i) {
    const int64_t k = first_k + 2 * i;
    const float* row = s.x + k * s.stride;
    const __m512 low = _mm512_maskz_loadu_ps(k < k_end ? mask : 0, row);
    const __m512 high = _mm512_maskz_loadu_ps(k + 1 < k_end ? mask : 0, row + s.stride);
    square[i] = _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

// square[i] = the 16 pairs of the i-th, otherwise the same.
HWY_INLINE void read_rows(const Slice& s, int64_t first_k, int64_t k_end, __m512i (&square)[16]) {
  const __mmask16 low = first(k_end - first_k);
  const __mmask16 high = first(k_end - first_k - 16);
  for (int64_t i = 0; i < 16; ++i) {
    const float* from = s.x + i * s.stride + first_k;
    const bool exists = i < s.count;
    square[i] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(exists ? high : 0, from + 16),
                                             _mm512_maskz_loadu_ps(exists ? low : 0, from));
  }
}

enum class Order : uint8_t { kByPair, kByRow };

// 16 pairs of 16 rows or columns, as `order` has them, in lines of `width`; then the next 16.
// Of the last square `pairs` lines beyond the others.
void pack_slice(const Slice& s, int64_t k_end, int64_t pairs, Order order, uint32_t* out,
                int64_t width) {
  for (int64_t pair = 0; pair < pairs; pair += 16) {
    __m512i square[16];
    if (s.k_inside) {
      read_rows(s, 2 * pair, k_end, square);
    } else {
      read_pairs(s, 2 * pair, k_end, square);
    }
    if (s.k_inside == (order == Order::kByPair)) transpose(square);
    const int64_t lines = order == Order::kByRow ? 16 : std::min<int64_t>(16, pairs - pair);
    for (int64_t i = 0; i < lines; ++i, out += width) _mm512_store_si512(out, square[i]);
  }
}

template <int V>
void multiply_rows(const PanelProduct& t) {
  __m512 sums[kVectorRows][V];
  for (int i = 0; i < kVectorRows; ++i) {
    for (int v = 0; v < V; ++v) sums[i][v] = _mm512_setzero_ps();
  }
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  for (int64_t k = 0; k < t.pairs; ++k, a += Bfloat16Panels::kRows, b += Bfloat16Panels::kColumns) {
    __m512bh row[V];
    for (int v = 0; v < V; ++v) row[v] = (__m512bh)_mm512_load_si512(b + 16 * v);
    for (int i = 0; i < kVectorRows; ++i) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[i]));
      for (int v = 0; v < V; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], x, row[v]);
    }
  }
  for (int i = 0; i < kVectorRows; ++i) {
    if (i >= t.rows) break;
    float* c = t.c + i * t.ldc;
    for (int v = 0; v < V; ++v, c += 16) {
      const __mmask16 mask = first(t.columns - 16 * v);
      const __m512 sum =
          t.set ? sums[i][v] : _mm512_add_ps(sums[i][v], _mm512_maskz_loadu_ps(mask, c));
      _mm512_mask_storeu_ps(c, mask, sum);
    }
  }
}

void multiply_by_vectors(const PanelProduct& t) {
  if (t.columns > 32) {
    multiply_rows<3>(t);
  } else if (t.columns > 16) {
    multiply_rows<2>(t);
  } else {
    multiply_rows<1>(t);
  }
}

}  // namespace

void Bfloat16Panels::pack(int64_t begin_slice, int64_t end_slice, std::byte* memory) const {
  const Order order_of_a = way_ == Bfloat16Way::kTiles ? Order::kByRow : Order::kByPair;
  auto* a = reinterpret_cast<uint32_t*>(memory);
  uint32_t* b = a + row_panels() * kRows * pairs();
  for (int64_t slice = begin_slice; slice < end_slice; ++slice) {
    if (slice < row_panels()) {
      const int64_t row = slice * kRows;
      pack_slice({x_.a + row * (x_.transpose_a ? 1 : x_.lda), x_.lda, !x_.transpose_a, x_.m - row},
                 x_.k, pairs(), order_of_a, a + row * pairs(), kRows);
      continue;
    }
    const int64_t column = (slice - row_panels()) * kLanes;
    uint32_t* panel = b + column / kColumns * kColumns * pairs() + column % kColumns;
    pack_slice(
        {x_.b + column * (x_.transpose_b ? x_.ldb : 1), x_.ldb, x_.transpose_b, x_.n - column},
        x_.k, pairs(), Order::kByPair, panel, kColumns);
  }
}
HWY_POP_ATTRIBUTES

void Bfloat16Panels::multiply(const Part& part, const std::byte* memory) const {
  if (way_ == Bfloat16Way::kTiles) {
    const TileRegisters tiles;
    multiply(part, memory, kMostPairsOfTiles, kRows, multiply_by_tiles);
  } else {
    multiply(part, memory, kMostPairs, kVectorRows, multiply_by_vectors);
  }
}

void Bfloat16Panels::multiply(const Part& part, const std::byte* memory, int64_t most_pairs,
                              int64_t rows, void (*kernel)(const PanelProduct&)) const {
  const auto* a = reinterpret_cast<const uint32_t*>(memory);
  const uint32_t* b = a + row_panels() * kRows * pairs();
  const int64_t blocks = divide_up(pairs(), most_pairs);
  const int64_t end_row = std::min(part.end_row * kRows, x_.m);
  const auto first_pair = [&](int64_t block) {
    return block == blocks ? pairs() : pairs() * block / blocks / kLanes * kLanes;
  };
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t pair = first_pair(block);
    const int64_t count = first_pair(block + 1) - pair;
    for (int64_t panel = part.column; panel < part.end_column; ++panel) {
      const int64_t column = panel * kColumns;
      const uint32_t* b_panel = b + column * pairs() + pair * kColumns;
      for (int64_t row = part.row * kRows; row < end_row; row += rows) {
        const uint32_t* a_panel = a + row / kRows * kRows * pairs() + pair * kRows + row % kRows;
        kernel({a_panel, b_panel, count, x_.c + row * x_.ldc + column, x_.ldc, end_row - row,
                x_.n - column, block == 0});
      }
    }
  }
}

#else

Bfloat16Way bfloat16_way() { return Bfloat16Way::kNone; }
void Bfloat16Panels::pack(int64_t, int64_t, std::byte*) const {}
void Bfloat16Panels::multiply(const Part&, const std::byte*) const {}

#endif

}  // namespace mlrun::ops
