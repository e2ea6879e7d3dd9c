// Where a training computes.
#pragma once

#include <functional>
#include <memory>

#include "device/context.h"
#include "graph/op.h"

namespace mlrun::graph {

/// Kernels, and a context that they know. Belongs to one trial.
struct Backend {
  const KernelTable* kernels = nullptr;
  std::unique_ptr<device::Context> context;
  bool stacks = false;  ///< the kernels compute all copies of a stack at once (KernelCall::stack)
};

/// Makes one where it is used: after the fork, in the thread that runs the trial. `threads` of the
/// host may compute.
using BackendFactory = std::function<Backend(int threads)>;

}  // namespace mlrun::graph
