// The CUDA backend: a kernel for every op that has one. Part of the module (ops/gpu_module.h); the
// tests hold a second copy of it, compiled for the host.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

const graph::KernelTable& cuda_kernels();

}  // namespace mlrun::ops
