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

// n == 1, b and c without gaps: c[i] = a[i, :] . b
void rows_times_vector(const GemmArgs& x) {
  for (int64_t i = 0; i < x.m; ++i) {
    const float product = dot(x.a + i * x.lda, x.b, static_cast<size_t>(x.k));
    x.c[i] = x.accumulate ? x.c[i] + product : product;
  }
}

// n == 1, b and c without gaps, a stored (k, m): c += a[j, :] * b[j]
void columns_times_vector(const GemmArgs& x) {
  if (!x.accumulate) std::fill_n(x.c, x.m, 0.0f);
  for (int64_t j = 0; j < x.k; ++j) {
    axpy(x.b[j], x.a + j * x.lda, x.c, static_cast<size_t>(x.m));
  }
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
    keep_blas_single_threaded();
    const auto as_int = [](int64_t v) { return static_cast<blasint>(v); };
    cblas_sgemm(CblasRowMajor, x.transpose_a ? CblasTrans : CblasNoTrans,
                x.transpose_b ? CblasTrans : CblasNoTrans, as_int(x.m), as_int(x.n), as_int(x.k),
                1.0f, x.a, as_int(x.lda), x.b, as_int(x.ldb), x.accumulate ? 1.0f : 0.0f, x.c,
                as_int(x.ldc));
  }
}

std::string gemm_library() { return openblas_get_config(); }

}  // namespace mlrun::ops
#endif
