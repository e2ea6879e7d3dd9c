// The CPU backend: a kernel for every op.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

const graph::KernelTable& cpu_kernels();

}  // namespace mlrun::ops
