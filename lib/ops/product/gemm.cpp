#include "ops/product/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/product/gemm.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "base/divide.h"
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <cblas.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// n == 1, b and c without gaps: c[i] = a[i, :] . b, four rows side by side. The sums are those of
// dot(), so that a row does not depend on how many there are.
void rows_times_vector(const GemmArgs& x) {
  constexpr int64_t kRows = 4;
  const Float d;
  const size_t lanes = hn::Lanes(d);
  const auto k = static_cast<size_t>(x.k);
  int64_t i = 0;
  for (; i + kRows <= x.m; i += kRows) {
    const float* a = x.a + i * x.lda;
    Vec s0[kRows], s1[kRows];
    for (int64_t r = 0; r < kRows; ++r) s0[r] = s1[r] = hn::Zero(d);
    size_t j = 0;
    for (; j + 2 * lanes <= k; j += 2 * lanes) {
      const Vec b0 = hn::LoadU(d, x.b + j);
      const Vec b1 = hn::LoadU(d, x.b + j + lanes);
      for (int64_t r = 0; r < kRows; ++r) {
        s0[r] = hn::MulAdd(hn::LoadU(d, a + r * x.lda + j), b0, s0[r]);
        s1[r] = hn::MulAdd(hn::LoadU(d, a + r * x.lda + j + lanes), b1, s1[r]);
      }
    }
    if (j + lanes <= k) {
      const Vec b0 = hn::LoadU(d, x.b + j);
      for (int64_t r = 0; r < kRows; ++r) {
        s0[r] = hn::MulAdd(hn::LoadU(d, a + r * x.lda + j), b0, s0[r]);
      }
      j += lanes;
    }
    if (j < k) {
      const Vec b1 = load_part(x.b + j, k - j);
      for (int64_t r = 0; r < kRows; ++r) {
        s1[r] = hn::MulAdd(load_part(a + r * x.lda + j, k - j), b1, s1[r]);
      }
    }
    for (int64_t r = 0; r < kRows; ++r) {
      const float product = hn::GetLane(hn::SumOfLanes(d, hn::Add(s0[r], s1[r])));
      x.c[i + r] = x.accumulate ? x.c[i + r] + product : product;
    }
  }
  for (; i < x.m; ++i) {
    const float product = dot(x.a + i * x.lda, x.b, k);
    x.c[i] = x.accumulate ? x.c[i] + product : product;
  }
}

// n == 1, b and c without gaps, a stored (k, m): c = sum over j of a[j, :] * b[j]
void columns_times_vector(const GemmArgs& x) {
  const float* b = x.b;
  if (x.accumulate) {
    for (int64_t j = 0; j < x.k; ++j) {
      axpy(b[j], x.a + j * x.lda, x.c, static_cast<size_t>(x.m));
    }
    return;
  }
  fold_rows(x.a, x.k, x.lda, x.c, static_cast<size_t>(x.m),
            [b](Vec sum, Vec row, int64_t j) { return hn::MulAdd(constant(b[j]), row, sum); });
}

// k == 1, b without gaps: c[i, :] = a[i] * b
void outer_product(const GemmArgs& x) {
  for (int64_t i = 0; i < x.m; ++i) {
    const float a = x.a[x.transpose_a ? i : i * x.lda];
    const Vec va = constant(a);
    if (x.accumulate) {
      axpy(a, x.b, x.c + i * x.ldc, static_cast<size_t>(x.n));
      continue;
    }
    map1(x.b, x.c + i * x.ldc, static_cast<size_t>(x.n), [va](Vec vb) { return hn::Mul(va, vb); });
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(rows_times_vector);
HWY_EXPORT(columns_times_vector);
HWY_EXPORT(outer_product);

namespace {

// Through the BLAS, a product with one column would take its general (and allocating) path.
bool is_vector_product(const GemmArgs& x) {
  return x.n == 1 && x.ldc == 1 && (x.transpose_b || x.ldb == 1);
}

bool is_outer_product(const GemmArgs& x) { return x.k == 1 && (!x.transpose_b || x.ldb == 1); }

// The BLAS asks each calling thread how many threads it may use; the answer is none but itself.
void keep_blas_single_threaded() {
  static thread_local const bool done = (openblas_set_num_threads(1), true);
  static_cast<void>(done);
}

void sgemm(const GemmArgs& x, bool accumulate) {
  keep_blas_single_threaded();
  const auto as_int = [](int64_t v) { return static_cast<blasint>(v); };
  cblas_sgemm(CblasRowMajor, x.transpose_a ? CblasTrans : CblasNoTrans,
              x.transpose_b ? CblasTrans : CblasNoTrans, as_int(x.m), as_int(x.n), as_int(x.k),
              1.0f, x.a, as_int(x.lda), x.b, as_int(x.ldb), accumulate ? 1.0f : 0.0f, x.c,
              as_int(x.ldc));
}

// OpenBLAS has kernels for up to a million multiply-adds that copy nothing. A product that is long
// in one direction is computed in pieces of that size: 10 to 130 % faster with AVX-512, and within
// a few per cent elsewhere (lib/README.md).
constexpr int64_t kPieceWork = 1000000;
constexpr int64_t kLeastPiece = 64;  // rows, or k

void multiply_by_rows(const GemmArgs& x, int64_t pieces) {
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t row = x.m * i / pieces;
    GemmArgs part = x;
    part.m = x.m * (i + 1) / pieces - row;
    part.a += row * (x.transpose_a ? 1 : x.lda);
    part.c += row * x.ldc;
    sgemm(part, x.accumulate);
  }
}

void multiply_by_k(const GemmArgs& x, int64_t pieces) {
  for (int64_t i = 0; i < pieces; ++i) {
    const int64_t k = x.k * i / pieces;
    GemmArgs part = x;
    part.k = x.k * (i + 1) / pieces - k;
    part.a += k * (x.transpose_a ? x.lda : 1);
    part.b += k * (x.transpose_b ? 1 : x.ldb);
    sgemm(part, x.accumulate || i > 0);
  }
}

void multiply(const GemmArgs& x) {
  const int64_t pieces = divide_up(x.m * x.n * x.k, kPieceWork);
  if (pieces > 1 && x.m >= x.k && x.m / pieces >= kLeastPiece) {
    multiply_by_rows(x, pieces);
  } else if (pieces > 1 && x.k / pieces >= kLeastPiece) {
    multiply_by_k(x, pieces);
  } else {
    sgemm(x, x.accumulate);
  }
}

}  // namespace

void gemm(const GemmArgs& x) {
  if (x.m == 0 || x.n == 0) return;
  if (x.k == 0) {
    if (x.accumulate) return;
    for (int64_t i = 0; i < x.m; ++i) std::fill_n(x.c + i * x.ldc, x.n, 0.0f);
  } else if (is_vector_product(x)) {
    if (x.transpose_a) {
      HWY_DYNAMIC_DISPATCH(columns_times_vector)(x);
    } else {
      HWY_DYNAMIC_DISPATCH(rows_times_vector)(x);
    }
  } else if (is_outer_product(x)) {
    HWY_DYNAMIC_DISPATCH(outer_product)(x);
  } else {
    multiply(x);
  }
}

std::string gemm_library() { return openblas_get_config(); }

}  // namespace mlrun::ops
#endif
