// The workspace of an op (graph::Op::workspace_bytes) in kernels that compute a stack at once.
#pragma once

#include "graph/op.h"
#include "ops/kernel/device_code.h"

namespace mlrun::ops {

/// `count` numbers for each copy, at most what the op asks for: the workspaces of a stack lie side
/// by side.
template <class T>
Stacked<T> workspace_values(const graph::KernelCall& call, int64_t count) {
  return {reinterpret_cast<T*>(call.workspace), count * static_cast<int64_t>(sizeof(T))};
}

/// Element `count` and those behind it, in every copy.
template <class T>
Stacked<T> behind(const Stacked<T>& x, int64_t count) {
  return {x.data + count, x.stride};
}

}  // namespace mlrun::ops
