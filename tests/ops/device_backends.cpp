#include "ops/device_backends.h"

#include "emulation/context.h"
#include "gpu.h"
#include "ops/cuda_kernels.h"
#include "ops/gpu_module.h"

namespace mlrun::ops::testing {
namespace {

std::vector<DeviceBackend> find_backends() {
  std::vector<DeviceBackend> found;
  if (emulation::is_worth_running()) {
    found.push_back(
        {"emulated GPU", &cuda_kernels(), std::make_shared<emulation::EmulatedContext>()});
  }
  if (test::gpu_is_there()) {
    const GpuBackend& gpu = gpu_backend();
    // cuBLAS may choose other kernels for a product with an epilogue, and for many.
    found.push_back({gpu.properties(0).name, gpu.kernels, gpu.make_context(0), false});
  }
  return found;
}

}  // namespace

const std::vector<DeviceBackend>& device_backends() {
  static const std::vector<DeviceBackend> found = find_backends();
  return found;
}

}  // namespace mlrun::ops::testing
