// Which checks a GPU would run, and what stands in for it.
#include <doctest/doctest.h>

#include <set>

#include "ops/cpu_kernels.h"
#include "ops/cuda_kernels.h"
#include "ops/device_backends.h"
#include "ops/device_run.h"
#include "ops/gpu_module.h"
#include "places.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

std::set<std::string> names(const graph::KernelTable& table) {
  std::set<std::string> all;
  for (const graph::KernelTable::Row& row : table.rows()) all.emplace(row.op);
  return all;
}

}  // namespace

TEST_CASE("gpu: every op has a CUDA kernel, and one is made for a GPU only") {
  std::set<std::string> all = names(cpu_kernels());
  all.insert("SummedGradient");
  CHECK(names(cuda_kernels()) == all);
}

TEST_CASE("gpu: what is missing is named") {
  const std::string reason = why_no_gpu();
  if (reason.empty()) return;
  MESSAGE("needs a GPU: skipped (", reason, ")");
  if (!test::has_cuda_module()) {
    CHECK(reason ==
          "this mlrun computes on CPUs only: libmlrun_cuda.so is not beside it; build it with "
          "'cmake --preset cuda' (or -DMLRUN_CUDA=ON)");
    return;
  }
  // The module was loaded with all its libraries, and its version is the tests'.
  const bool known = reason == "there is no NVIDIA driver on this machine (libcuda.so.1)" ||
                     reason == "no GPU is visible to CUDA" ||
                     reason.starts_with("the NVIDIA driver is too old");
  CHECK_MESSAGE(known, reason);
}
