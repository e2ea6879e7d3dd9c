#include "train/gpu.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "base/tell.h"
#include "device/device_error.h"
#include "ops/gpu_module.h"

namespace mlrun::train {
namespace {

constexpr int kBroken = 1;

// A GPU that takes no process at all is lost to this run: in exclusive mode and another's, full, in
// need of a reset. A process that has computed on it before has broken something of its own.
std::unique_ptr<device::Context> make_context(const ops::GpuBackend& gpu) {
  static std::atomic<bool> has_worked = false;
  try {
    std::unique_ptr<device::Context> context = gpu.make_context(0);
    has_worked = true;
    return context;
  } catch (const std::bad_alloc&) {
    if (has_worked) throw;
    throw device::DeviceLost("it has no memory left for a process");
  } catch (const Error& error) {
    if (has_worked) throw;
    throw device::DeviceLost(error.what());
  }
}

graph::Backend first_gpu(int /*threads*/) {
  const ops::GpuBackend& gpu = ops::gpu_backend();
  return {gpu.kernels, make_context(gpu), true};
}

}  // namespace

FitResult fit_on_gpu(const FitInput& input, const FitHooks& hooks) {
  FitResult only;
  fit_all_on_gpu(std::span(&input, 1), std::span(&hooks, 1),
                 [&only](size_t, FitResult&& result) { only = std::move(result); });
  return only;
}

void fit_all_on_gpu(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
                    const FitEnd& ended) {
  std::vector<FitInput> there(inputs.begin(), inputs.end());
  for (FitInput& input : there) input.backend = first_gpu;
  try {
    fit_all(there, hooks, ended);
  } catch (const std::bad_alloc&) {
    throw device::OutOfDeviceMemory("the GPU has no memory left for this training");
  } catch (const device::OutOfDeviceMemory&) {
    throw;
  } catch (const device::DeviceLost&) {
    throw;
  } catch (const Error& error) {
    if (ops::gpu_backend().is_sound()) throw;
    tell(fmt::format("mlrun: {}\n", error.what()));
    std::_Exit(kBroken);
  }
}

std::string why_no_gpu() { return ops::why_no_gpu(); }

}  // namespace mlrun::train
