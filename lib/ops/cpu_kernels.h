// The CPU backend: a kernel for every op.
#pragma once

#include "graph/backend.h"

namespace mlrun::ops {

const graph::KernelTable& cpu_kernels();

/// Owns a team of `threads`.
graph::Backend cpu_backend(int threads);

}  // namespace mlrun::ops
