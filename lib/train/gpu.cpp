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

// What `train` returns; a process whose GPU an error has broken ends.
template <class Train>
auto guarded(const Train& train) {
  try {
    return train();
  } catch (const std::bad_alloc&) {
    throw device::OutOfDeviceMemory("the GPU has no memory left for this training");
  } catch (const Error& error) {
    if (ops::gpu_backend().is_sound()) throw;
    fmt::print(stderr, "mlrun: {}\n", error.what());
    std::_Exit(kBroken);
  }
}

}  // namespace

FitResult fit_on_gpu(const FitInput& input, const FitHooks& hooks) {
  FitInput there = input;
  there.backend = first_gpu;
  return guarded([&] { return fit(there, hooks); });
}

std::vector<FitResult> fit_stack_on_gpu(std::span<const FitInput> inputs,
                                        std::span<const FitHooks> hooks) {
  std::vector<FitInput> there(inputs.begin(), inputs.end());
  for (FitInput& input : there) input.backend = first_gpu;
  return guarded([&] { return fit_stack(there, hooks); });
}

std::string why_no_gpu() { return ops::why_no_gpu(); }

}  // namespace mlrun::train
