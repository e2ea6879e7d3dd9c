// Single-precision matrix products of one thread.
#pragma once

#include <cstdint>

namespace mlrun::ops {

/// c (m, n) = op(a) op(b), row-major and dense: op(a) is (m, k), op(b) is (k, n); a and b are
/// stored transposed where the flag says so. `lda` is the row stride of the stored a (so that a
/// block of its columns can be used when transposed); b and c have no gaps. Thread-safe; never
/// allocates.
struct GemmArgs {
  bool transpose_a = false;
  bool transpose_b = false;
  int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int64_t lda = 0;
  const float* b = nullptr;
  float* c = nullptr;
};

void gemm(const GemmArgs& args);

}  // namespace mlrun::ops
