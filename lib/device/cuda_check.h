// Checks of the calls into CUDA and cuBLAS: the failing call is named.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime.h>

#include <string_view>

namespace mlrun::device {

/// Throw Error("cudaMalloc: out of memory ..."); std::bad_alloc where memory is what is missing;
/// DeviceLost where this build has no code for the GPU.
void check(cudaError_t status, std::string_view call);
void check(cublasStatus_t status, std::string_view call);

/// The same of the kernel launched last, for the op `name`.
void check_launch(std::string_view name);

}  // namespace mlrun::device

/// MLRUN_CUDA_CHECK(cudaStreamSynchronize(stream)).
#define MLRUN_CUDA_CHECK(call) ::mlrun::device::check(call, #call)
