#include "train/gpu.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <new>

#include "device/device_error.h"
#include "ops/gpu_module.h"

namespace mlrun::train {
namespace {

constexpr int kBroken = 1;

graph::Backend first_gpu(int /*threads*/) {
  const ops::GpuBackend& gpu = ops::gpu_backend();
  return {gpu.kernels, gpu.make_context(0), true};
}

}  // namespace

FitResult fit_on_gpu(const FitInput& input, const FitHooks& hooks) {
  FitInput there = input;
  there.backend = first_gpu;
  try {
    return fit(there, hooks);
  } catch (const std::bad_alloc&) {
    throw device::OutOfDeviceMemory("the GPU has no memory left for this training");
  } catch (const Error& error) {
    if (ops::gpu_backend().is_sound()) throw;
    fmt::print(stderr, "mlrun: {}\n", error.what());
    std::_Exit(kBroken);
  }
}

std::string why_no_gpu() { return ops::why_no_gpu(); }

}  // namespace mlrun::train
