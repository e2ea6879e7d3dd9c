// Written with intrinsics: Highway 1.0 has no function that becomes vdpbf16ps.
#include "ops/bfloat16.h"

#include <hwy/detect_compiler_arch.h>

#include <algorithm>

#if HWY_ARCH_X86_64
#include <hwy/base.h>
#include <immintrin.h>

#include "base/divide.h"
#endif

namespace mlrun::ops {

#if HWY_ARCH_X86_64

bool multiplies_bfloat16() {
  static const bool known = [] {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  }();
  return known;
}

HWY_PUSH_ATTRIBUTES("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")
namespace {

// Products of a panel of b with so many pairs stay in the level-2 cache.
constexpr int64_t kMostPairs = 256;
constexpr int kTileRows = 8;  // 24 sums of the 32 registers

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

// out[pair * width + i] = (k = 2 pair, k + 1) of each i.
void interleave(const Slice& s, int64_t k_end, uint32_t* out, int64_t width) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24,
                                         8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  const __mmask16 mask = first(s.count);
  const float* row = s.x;
  for (int64_t k = 0; k < k_end; k += 2, row += 2 * s.stride, out += width) {
    const __m512 low = _mm512_maskz_loadu_ps(mask, row);
    const __m512 high = _mm512_maskz_loadu_ps(k + 1 < k_end ? mask : 0, row + s.stride);
    const auto both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
    _mm512_store_si512(out, _mm512_permutexvar_epi16(order, both));
  }
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

// The same as interleave() of what is stored along k: squares of 16 pairs.
void interleave_transposed(const Slice& s, int64_t k_end, uint32_t* out, int64_t width) {
  for (int64_t k = 0; k < k_end; k += 32) {
    const __mmask16 low = first(k_end - k);
    const __mmask16 high = first(k_end - k - 16);
    __m512i square[16];
    for (int64_t i = 0; i < 16; ++i) {
      const float* from = s.x + i * s.stride + k;
      const bool exists = i < s.count;
      square[i] = (__m512i)_mm512_cvtne2ps_pbh(_mm512_maskz_loadu_ps(exists ? high : 0, from + 16),
                                               _mm512_maskz_loadu_ps(exists ? low : 0, from));
    }
    transpose(square);
    const int64_t pairs = std::min<int64_t>(16, (k_end - k + 1) / 2);
    for (int64_t pair = 0; pair < pairs; ++pair, out += width) {
      _mm512_store_si512(out, square[pair]);
    }
  }
}

void pack_slice(const Slice& s, int64_t k, uint32_t* out, int64_t width) {
  (s.k_inside ? interleave_transposed : interleave)(s, k, out, width);
}

struct Tile {
  const uint32_t* a;  ///< `pairs` times 16 rows, of which this tile starts at the first or ninth
  const uint32_t* b;  ///< `pairs` times 48 columns
  int64_t pairs;
  float* c;
  int64_t ldc;
  int64_t rows;     ///< of c
  int64_t columns;  ///< of c
  bool set;         ///< c is set, not added to
};

template <int V>
void multiply_tile(const Tile& t) {
  __m512 sums[kTileRows][V];
  for (int i = 0; i < kTileRows; ++i) {
    for (int v = 0; v < V; ++v) sums[i][v] = _mm512_setzero_ps();
  }
  const uint32_t* a = t.a;
  const uint32_t* b = t.b;
  for (int64_t k = 0; k < t.pairs; ++k, a += Bfloat16Panels::kRows, b += Bfloat16Panels::kColumns) {
    __m512bh row[V];
    for (int v = 0; v < V; ++v) row[v] = (__m512bh)_mm512_load_si512(b + 16 * v);
    for (int i = 0; i < kTileRows; ++i) {
      const auto x = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[i]));
      for (int v = 0; v < V; ++v) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], x, row[v]);
    }
  }
  for (int i = 0; i < kTileRows; ++i) {
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

void multiply_any_tile(const Tile& t) {
  if (t.columns > 32) {
    multiply_tile<3>(t);
  } else if (t.columns > 16) {
    multiply_tile<2>(t);
  } else {
    multiply_tile<1>(t);
  }
}

}  // namespace

void Bfloat16Panels::pack(int64_t begin_slice, int64_t end_slice, std::byte* memory) const {
  auto* a = reinterpret_cast<uint32_t*>(memory);
  uint32_t* b = a + row_panels() * kRows * pairs();
  for (int64_t slice = begin_slice; slice < end_slice; ++slice) {
    if (slice < row_panels()) {
      const int64_t row = slice * kRows;
      pack_slice({x_.a + row * (x_.transpose_a ? 1 : x_.lda), x_.lda, !x_.transpose_a, x_.m - row},
                 x_.k, a + row * pairs(), kRows);
      continue;
    }
    const int64_t column = (slice - row_panels()) * kLanes;
    uint32_t* panel = b + column / kColumns * kColumns * pairs() + column % kColumns;
    pack_slice(
        {x_.b + column * (x_.transpose_b ? x_.ldb : 1), x_.ldb, x_.transpose_b, x_.n - column},
        x_.k, panel, kColumns);
  }
}

void Bfloat16Panels::multiply(const Part& part, const std::byte* memory) const {
  const auto* a = reinterpret_cast<const uint32_t*>(memory);
  const uint32_t* b = a + row_panels() * kRows * pairs();
  const int64_t blocks = divide_up(pairs(), kMostPairs);
  const int64_t end_row = std::min(part.end_row * kRows, x_.m);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t pair = pairs() * block / blocks;
    const int64_t count = pairs() * (block + 1) / blocks - pair;
    for (int64_t panel = part.column; panel < part.end_column; ++panel) {
      const int64_t column = panel * kColumns;
      const uint32_t* b_panel = b + column * pairs() + pair * kColumns;
      for (int64_t row = part.row * kRows; row < end_row; row += kTileRows) {
        const uint32_t* a_panel = a + row / kRows * kRows * pairs() + pair * kRows + row % kRows;
        multiply_any_tile({a_panel, b_panel, count, x_.c + row * x_.ldc + column, x_.ldc,
                           end_row - row, x_.n - column, block == 0});
      }
    }
  }
}
HWY_POP_ATTRIBUTES

#else

bool multiplies_bfloat16() { return false; }
void Bfloat16Panels::pack(int64_t, int64_t, std::byte*) const {}
void Bfloat16Panels::multiply(const Part&, const std::byte*) const {}

#endif

}  // namespace mlrun::ops
