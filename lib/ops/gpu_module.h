// The GPU backend, loaded when it is needed: a program that was linked against cuBLAS would
// take long to start, whether it uses a GPU or not.
#pragma once

#include <string>

#include "ops/gpu_backend.h"

namespace mlrun::ops {

/// Opens libmlrun_cuda.so at the first call, and makes sure that there is a GPU. To be called after
/// the fork of the process that uses it. Throws Error that names what is missing: the module, a
/// library it needs, the driver, or a GPU.
const GpuBackend& gpu_backend();

/// Why this process computes on no GPU, in words; "" if it can. Loads the module.
std::string why_no_gpu();

}  // namespace mlrun::ops
