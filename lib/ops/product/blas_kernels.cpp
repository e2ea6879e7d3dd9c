#include "ops/product/blas_kernels.h"

#include <cblas.h>
#include <hwy/targets.h>
#include <stdlib.h>

#include <string_view>

// Not in the headers of OpenBLAS, and only there where it has kernels for several processors.
extern "C" {
[[gnu::weak]] void gotoblas_dynamic_quit();
[[gnu::weak]] void gotoblas_dynamic_init();
}

namespace mlrun::ops {
namespace {

constexpr std::string_view kOfAnyProcessor = "Prescott";
constexpr const char* kVariable = "OPENBLAS_CORETYPE";

// For the widest vectors of this processor; null: it has none worth a change.
const char* kernels_for_vectors() {
  const int64_t targets = hwy::SupportedTargets();
  if (targets & HWY_AVX3) return "SkylakeX";
  if (targets & HWY_AVX2) return "Haswell";
  return nullptr;
}

}  // namespace

void choose_blas_kernels() {
  if (blas_kernels() != kOfAnyProcessor || ::getenv(kVariable)) return;
  if (const char* wanted = kernels_for_vectors()) use_blas_kernels(wanted);
}

void use_blas_kernels(const char* name) {
  if (!gotoblas_dynamic_quit || !gotoblas_dynamic_init) return;
  ::setenv(kVariable, name, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  ::unsetenv(kVariable);
}

std::string blas_kernels() { return openblas_get_corename(); }

}  // namespace mlrun::ops
