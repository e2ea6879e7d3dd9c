#include "train/gpu.h"

#include "ops/gpu_module.h"

namespace mlrun::train {
namespace {

graph::Backend first_gpu(int /*threads*/) {
  const ops::GpuBackend& gpu = ops::gpu_backend();
  return {gpu.kernels, gpu.make_context(0), true};
}

}  // namespace

FitResult fit_on_gpu(const FitInput& input, const FitHooks& hooks) {
  FitInput there = input;
  there.backend = first_gpu;
  return fit(there, hooks);
}

std::string why_no_gpu() { return ops::why_no_gpu(); }

}  // namespace mlrun::train
