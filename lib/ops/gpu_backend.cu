// The way into the module.
#include "ops/gpu_backend.h"

#include <fmt/format.h>

#include "base/error.h"
#include "device/cuda_context.h"
#include "ops/cuda_kernels.h"

namespace mlrun::ops {
namespace {

int device_count() {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaErrorNoDevice) return 0;
  if (status == cudaErrorInsufficientDriver) {
    int driver = 0;
    cudaDriverGetVersion(&driver);
    if (driver == 0) throw Error("there is no NVIDIA driver on this machine (libcuda.so.1)");
    throw Error(fmt::format(
        "the NVIDIA driver is too old: it supports CUDA {}.{}, this mlrun "
        "needs {}.{}",
        driver / 1000, driver % 1000 / 10, CUDART_VERSION / 1000, CUDART_VERSION % 1000 / 10));
  }
  device::check(status, "cudaGetDeviceCount");
  return count;
}

std::string spelled(const cudaUUID_t& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", static_cast<unsigned char>(uuid.bytes[i]));
  }
  return text;
}

GpuProperties properties(int ordinal) {
  cudaDeviceProp found{};
  MLRUN_CUDA_CHECK(cudaGetDeviceProperties(&found, ordinal));
  MLRUN_CUDA_CHECK(cudaSetDevice(ordinal));
  size_t free = 0;
  size_t total = 0;
  MLRUN_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return {found.name,  static_cast<int64_t>(total), static_cast<int64_t>(free), found.major,
          found.minor, found.multiProcessorCount,   spelled(found.uuid)};
}

std::unique_ptr<device::Context> make_context(int ordinal) {
  return std::make_unique<device::CudaContext>(ordinal);
}

// 13000 -> "13.0.0": CUDA counts in thousands, cuBLAS and cuDNN in ten thousands.
std::string dotted(size_t version, size_t major) {
  return fmt::format("{}.{}.{}", version / major, version % major / 100, version % 100);
}

std::vector<std::pair<std::string, std::string>> libraries() {
  int runtime = 0;
  int driver = 0;
  MLRUN_CUDA_CHECK(cudaRuntimeGetVersion(&runtime));
  MLRUN_CUDA_CHECK(cudaDriverGetVersion(&driver));
  const size_t cudnn = device::Cudnn::version();
  return {{"cuda", fmt::format("{}.{}", runtime / 1000, runtime % 1000 / 10)},
          {"driver", fmt::format("{}.{}", driver / 1000, driver % 1000 / 10)},
          {"cublasLt", dotted(cublasLtGetVersion(), 10000)},
          {"cudnn", cudnn == 0 ? "not installed" : dotted(cudnn, 10000)}};
}

// An error in a kernel stays with all that the process does on the GPU from then on.
bool is_sound() {
  const auto lock = device::lock_driver();
  cudaGetLastError();
  return cudaDeviceSynchronize() == cudaSuccess;
}

}  // namespace
}  // namespace mlrun::ops

extern "C" __attribute__((visibility("default"))) const mlrun::ops::GpuBackend*
mlrun_gpu_backend() {
  using namespace mlrun::ops;
  static const std::string version = build_version();
  static const GpuBackend backend = {version.c_str(), &cuda_kernels(), device_count, properties,
                                     make_context,    libraries,       is_sound};
  return &backend;
}
