#include "device/cuda_check.h"

#include <fmt/format.h>

#include <new>
#include <string>

#include "base/error.h"
#include "device/device_error.h"

namespace mlrun::device {
namespace {

// "cudaMalloc(&memory, bytes)" -> "cudaMalloc".
std::string_view function_of(std::string_view call) { return call.substr(0, call.find('(')); }

// That this build has no code for the GPU is no fault of a trial's.
[[noreturn]] void fail(std::string_view where, cudaError_t status) {
  const std::string text = fmt::format("{}: {}", where, cudaGetErrorString(status));
  if (status == cudaErrorNoKernelImageForDevice || status == cudaErrorUnsupportedPtxVersion ||
      status == cudaErrorJitCompilationDisabled) {
    throw DeviceLost(text + "; mlrun is built for other GPUs (see CMAKE_CUDA_ARCHITECTURES)");
  }
  throw Error(text);
}

}  // namespace

void check(cudaError_t status, std::string_view call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // one that does not stick must not be found by the next launch
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
  fail(function_of(call), status);
}

void check(cublasStatus_t status, std::string_view call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw std::bad_alloc();
  throw Error(fmt::format("{}: {}", function_of(call), cublasLtGetStatusString(status)));
}

void check_launch(std::string_view name) {
  const cudaError_t status = cudaGetLastError();
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();  // a kernel is loaded when used
  if (status != cudaSuccess) fail(fmt::format("launch of the {} kernel", name), status);
}

}  // namespace mlrun::device
