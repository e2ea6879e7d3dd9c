// Panels of b, three vectors wide, are copied side by side to where they stay in the level-1 or -2
// cache; a is used where it lies. The kernel keeps a tile of c in registers over a block of k
// (Goto, van de Geijn: "Anatomy of high-performance matrix multiplication", 2008, without the
// packing of a, which does not pay at these sizes).
#include "ops/product/tiled_gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/product/tiled_gemm.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "base/divide.h"
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

// 24 sums of the 32 registers of AVX-512, 12 of the 16 of the others.
#if HWY_TARGET <= HWY_AVX3
constexpr int64_t kTileRows = 8;
#else
constexpr int64_t kTileRows = 4;
#endif
constexpr int kPanelVectors = 3;
constexpr int64_t kMostK = 320;

struct Panel {
  const float* b;  ///< k rows of `stride`, zero beyond the columns of c
  int64_t stride;
  int64_t k;
  int64_t columns;  ///< of c
  bool first;       ///< c is set, not added to
};

// c (R, columns) from R rows of op(a); a element (i, k) is at a[i + k * lda] or a[i * lda + k].
template <int R, int V, bool kTransposed>
void tile(const Panel& p, const float* a, int64_t lda, float* c, int64_t ldc) {
  const Float d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  Vec sums[R][V];
  for (int i = 0; i < R; ++i) {
    for (int v = 0; v < V; ++v) sums[i][v] = hn::Zero(d);
  }
  const float* b = p.b;
  for (int64_t k = 0; k < p.k; ++k, b += p.stride) {
    Vec row[V];
    for (int v = 0; v < V; ++v) row[v] = hn::Load(d, b + v * lanes);
    for (int i = 0; i < R; ++i) {
      const Vec x = hn::Set(d, kTransposed ? a[k * lda + i] : a[i * lda + k]);
      for (int v = 0; v < V; ++v) sums[i][v] = hn::MulAdd(x, row[v], sums[i][v]);
    }
  }
  const auto rest = static_cast<size_t>(p.columns - (V - 1) * lanes);
  for (int i = 0; i < R; ++i, c += ldc) {
    for (int v = 0; v < V; ++v) {
      float* at = c + v * lanes;
      const bool whole = v < V - 1 || rest == hn::Lanes(d);
      Vec sum = sums[i][v];
      if (!p.first) sum = hn::Add(sum, whole ? hn::LoadU(d, at) : load_part(at, rest));
      whole ? hn::StoreU(sum, d, at) : store_part(sum, at, rest);
    }
  }
}

template <int V, bool kTransposed>
void all_rows(const Panel& p, const GemmArgs& x, const float* a, float* c) {
  const int64_t step = kTransposed ? 1 : x.lda;
  int64_t i = 0;
  for (; i + kTileRows <= x.m; i += kTileRows) {
    tile<kTileRows, V, kTransposed>(p, a + i * step, x.lda, c + i * x.ldc, x.ldc);
  }
  for (; i + 4 <= x.m; i += 4) {
    tile<4, V, kTransposed>(p, a + i * step, x.lda, c + i * x.ldc, x.ldc);
  }
  for (; i < x.m; ++i) tile<1, V, kTransposed>(p, a + i * step, x.lda, c + i * x.ldc, x.ldc);
}

template <bool kTransposed>
void panel_product(const Panel& p, const GemmArgs& x, const float* a, float* c) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(Float()));
  switch (divide_up(p.columns, lanes)) {
    case 1:
      return all_rows<1, kTransposed>(p, x, a, c);
    case 2:
      return all_rows<2, kTransposed>(p, x, a, c);
    default:
      return all_rows<3, kTransposed>(p, x, a, c);
  }
}

// out[k, j] = b[k, j] for `columns` j, zero up to `stride`.
void copy_panel(const float* b, int64_t ldb, int64_t k, int64_t columns, int64_t stride,
                float* out) {
  for (int64_t i = 0; i < k; ++i, out += stride) {
    std::copy_n(b + i * ldb, columns, out);
    std::fill(out + columns, out + stride, 0.0f);
  }
}

// out[k, j] = b[j, k]: squares of four, then the edges.
void transpose_panel(const float* b, int64_t ldb, int64_t k, int64_t columns, int64_t stride,
                     float* out) {
  int64_t whole_k = 0;
  int64_t whole_columns = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::FixedTag<float, 4> d;
  const hn::FixedTag<double, 2> d2;
  const auto low = [&](auto x, auto y) {
    return hn::BitCast(d, hn::InterleaveLower(d2, hn::BitCast(d2, x), hn::BitCast(d2, y)));
  };
  const auto high = [&](auto x, auto y) {
    return hn::BitCast(d, hn::InterleaveUpper(d2, hn::BitCast(d2, x), hn::BitCast(d2, y)));
  };
  whole_k = k / 4 * 4;
  whole_columns = columns / 4 * 4;
  for (int64_t j = 0; j < whole_columns; j += 4) {
    for (int64_t i = 0; i < whole_k; i += 4) {
      const float* from = b + j * ldb + i;
      const auto r0 = hn::LoadU(d, from);
      const auto r1 = hn::LoadU(d, from + ldb);
      const auto r2 = hn::LoadU(d, from + 2 * ldb);
      const auto r3 = hn::LoadU(d, from + 3 * ldb);
      const auto low01 = hn::InterleaveLower(d, r0, r1);
      const auto low23 = hn::InterleaveLower(d, r2, r3);
      const auto high01 = hn::InterleaveUpper(d, r0, r1);
      const auto high23 = hn::InterleaveUpper(d, r2, r3);
      float* to = out + i * stride + j;
      hn::StoreU(low(low01, low23), d, to);
      hn::StoreU(high(low01, low23), d, to + stride);
      hn::StoreU(low(high01, high23), d, to + 2 * stride);
      hn::StoreU(high(high01, high23), d, to + 3 * stride);
    }
  }
#endif
  for (int64_t i = 0; i < k; ++i) {
    float* row = out + i * stride;
    for (int64_t j = i < whole_k ? whole_columns : 0; j < columns; ++j) row[j] = b[j * ldb + i];
    std::fill(row + columns, row + stride, 0.0f);
  }
}

}  // namespace

void tiled_product(const GemmArgs& x) {
  alignas(64) float packed[kMostK * kPanelVectors * kMaxLanes];
  const auto lanes = static_cast<int64_t>(hn::Lanes(Float()));
  const int64_t blocks = divide_up(x.k, kMostK);
  for (int64_t block = 0; block < blocks; ++block) {
    const int64_t k = x.k * block / blocks;
    const int64_t k_count = x.k * (block + 1) / blocks - k;
    const float* a = x.a + k * (x.transpose_a ? x.lda : 1);
    for (int64_t column = 0; column < x.n; column += kPanelVectors * lanes) {
      const int64_t columns = std::min(kPanelVectors * lanes, x.n - column);
      const int64_t stride = round_up(columns, lanes);
      const float* b = x.b + (x.transpose_b ? column * x.ldb + k : k * x.ldb + column);
      (x.transpose_b ? transpose_panel : copy_panel)(b, x.ldb, k_count, columns, stride, packed);
      const Panel panel{packed, stride, k_count, columns, block == 0 && !x.accumulate};
      (x.transpose_a ? panel_product<true> : panel_product<false>)(panel, x, a, x.c + column);
    }
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(tiled_product);

void tiled_gemm(const GemmArgs& args) { HWY_DYNAMIC_DISPATCH(tiled_product)(args); }

// The BLAS is good at products of up to a million multiply-adds. With few k the sums are hardly
// started when they end, with narrow or ragged c part of the vectors is wasted; with large a the
// rows of a tile, which are not packed, fall into the same cache sets.
bool prefers_tiled_gemm(const GemmArgs& x) {
  constexpr int64_t kLanes = 16;
  const int64_t padded = round_up(x.n, kLanes);
  return x.m * x.n * x.k > 1000000 && x.k >= 48 && x.m >= kTiledRows && x.n >= kTiledColumns &&
         10 * x.n >= 9 * padded && x.k * x.n <= 512 * 1024 && x.lda <= 1024;
}

}  // namespace mlrun::ops
#endif
