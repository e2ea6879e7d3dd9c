#include "device/cuda_check.h"

#include <fmt/format.h>

#include <new>
#include <string>

#include "base/error.h"

namespace mlrun::device {
namespace {

// "cudaMalloc(&memory, bytes)" -> "cudaMalloc".
std::string_view function_of(std::string_view call) { return call.substr(0, call.find('(')); }

[[noreturn]] void fail(std::string_view call, std::string_view reason) {
  throw Error(fmt::format("{}: {}", function_of(call), reason));
}

}  // namespace

void check(cudaError_t status, std::string_view call) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // one that does not stick must not be found by the next launch
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();
  fail(call, cudaGetErrorString(status));
}

void check(cublasStatus_t status, std::string_view call) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) throw std::bad_alloc();
  fail(call, cublasLtGetStatusString(status));
}

void check_launch(std::string_view name) {
  const cudaError_t status = cudaGetLastError();
  if (status == cudaErrorMemoryAllocation) throw std::bad_alloc();  // a kernel is loaded when used
  if (status != cudaSuccess) {
    throw Error(fmt::format("launch of the {} kernel: {}", name, cudaGetErrorString(status)));
  }
}

}  // namespace mlrun::device
