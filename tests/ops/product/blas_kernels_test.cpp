#include "ops/product/blas_kernels.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "ops/product/gemm.h"

using namespace mlrun;

namespace {

bool has_vectors() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

std::vector<float> product(int64_t size) {
  std::vector<float> a, b, c(size * size);
  for (int64_t i = 0; i < size * size; ++i) {
    a.push_back(static_cast<float>(i % 13) - 6);
    b.push_back(static_cast<float>(i % 7) - 3);
  }
  ops::GemmArgs x;
  x.m = x.n = x.k = x.lda = x.ldb = x.ldc = size;
  x.a = a.data(), x.b = b.data(), x.c = c.data();
  ops::gemm(x);
  return c;
}

}  // namespace

TEST_CASE("blas_kernels: a processor with vectors has kernels for them") {
  if (has_vectors() && !::getenv("OPENBLAS_CORETYPE")) CHECK(ops::blas_kernels() != "Prescott");
}

TEST_CASE(
    "blas_kernels: those of an unknown processor are replaced, a choice of the user's is not") {
  const std::string usual = ops::blas_kernels();
  const std::vector<float> want = product(40);
  ::unsetenv("OPENBLAS_CORETYPE");
  ops::use_blas_kernels("Prescott");
  ops::choose_blas_kernels();
  CHECK((ops::blas_kernels() != "Prescott") == has_vectors());
  CHECK(product(40) == want);  // whole numbers: the same in any order

  ops::use_blas_kernels("Prescott");
  const std::string chosen = ops::blas_kernels();
  ::setenv("OPENBLAS_CORETYPE", "Prescott", 1);
  ops::choose_blas_kernels();
  CHECK(ops::blas_kernels() == chosen);
  CHECK(product(40) == want);
  ops::use_blas_kernels(usual.c_str());
}
