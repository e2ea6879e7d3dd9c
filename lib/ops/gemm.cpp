#include "ops/gemm.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/gemm.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/simd-inl.h"
// clang-format on

#include <cblas.h>

#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// n == 1: c[i] = a[i, :] . b
void rows_times_vector(const float* a, int64_t lda, const float* b, float* c, int64_t m,
                       int64_t k) {
  for (int64_t i = 0; i < m; ++i) c[i] = dot(a + i * lda, b, static_cast<size_t>(k));
}

// n == 1, a stored (k, m): c += a[j, :] * b[j]
void columns_times_vector(const float* a, int64_t lda, const float* b, float* c, int64_t m,
                          int64_t k) {
  std::fill_n(c, m, 0.0f);
  for (int64_t j = 0; j < k; ++j) axpy(b[j], a + j * lda, c, static_cast<size_t>(m));
}

// k == 1: c[i, :] = a[i] * b
void outer_product(const float* a, int64_t stride, const float* b, float* c, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; ++i) {
    const Vec va = constant(a[i * stride]);
    map1(b, c + i * n, static_cast<size_t>(n), [va](Vec vb) { return hn::Mul(va, vb); });
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(rows_times_vector);
HWY_EXPORT(columns_times_vector);
HWY_EXPORT(outer_product);

void gemm(const GemmArgs& x) {
  if (x.m == 0 || x.n == 0) return;
  if (x.k == 0) {
    std::fill_n(x.c, x.m * x.n, 0.0f);
  } else if (x.n == 1) {
    // One column: the BLAS would go through its general (and allocating) path.
    if (x.transpose_a) {
      HWY_DYNAMIC_DISPATCH(columns_times_vector)(x.a, x.lda, x.b, x.c, x.m, x.k);
    } else {
      HWY_DYNAMIC_DISPATCH(rows_times_vector)(x.a, x.lda, x.b, x.c, x.m, x.k);
    }
  } else if (x.k == 1) {
    HWY_DYNAMIC_DISPATCH(outer_product)
    (x.a, x.transpose_a ? 1 : x.lda, x.b, x.c, x.m, x.n);
  } else {
    const auto as_int = [](int64_t v) { return static_cast<blasint>(v); };
    cblas_sgemm(CblasRowMajor, x.transpose_a ? CblasTrans : CblasNoTrans,
                x.transpose_b ? CblasTrans : CblasNoTrans, as_int(x.m), as_int(x.n), as_int(x.k),
                1.0f, x.a, as_int(x.lda), x.b, as_int(x.transpose_b ? x.k : x.n), 0.0f, x.c,
                as_int(x.n));
  }
}

}  // namespace mlrun::ops
#endif
