// Single-precision matrix products of one thread.
#pragma once

#include <cstdint>
#include <string>

namespace mlrun::ops {

/// c (m, n) = op(a) op(b), row-major: op(a) is (m, k), op(b) is (k, n); a and b are stored
/// transposed where the flag says so. lda, ldb and ldc are the row strides of what is stored, so
/// that blocks of larger matrices can be multiplied. With `accumulate` the product is added to c.
/// Thread-safe; never allocates.
struct GemmArgs {
  bool transpose_a = false;
  bool transpose_b = false;
  int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int64_t lda = 0;
  const float* b = nullptr;
  int64_t ldb = 0;
  float* c = nullptr;
  int64_t ldc = 0;
  bool accumulate = false;
};

void gemm(const GemmArgs& args);

/// Which BLAS does them: "OpenBLAS 0.3.21 ... SkylakeX".
std::string gemm_library();

}  // namespace mlrun::ops
