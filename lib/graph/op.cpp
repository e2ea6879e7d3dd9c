#include "graph/op.h"

#include <fmt/format.h>

namespace mlrun::graph {

void Op::gradient(GradientRule&) const {
  throw Error(fmt::format("the op {} has no gradient", name()));
}

bool Op::may_overwrite(int, int) const { return false; }

bool Op::mutates(int) const { return false; }

std::vector<float> Op::varying() const { return {}; }

int64_t Op::workspace_bytes(std::span<const TensorType>, int64_t) const { return 0; }

int64_t Op::gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return workspace_bytes(inputs, batch);
}

Cost Op::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
              int64_t batch) const {
  Cost cost;
  for (const TensorType& type : inputs) cost.bytes += static_cast<double>(type.bytes(batch));
  for (const TensorType& type : outputs) {
    cost.bytes += static_cast<double>(type.bytes(batch));
    cost.flops += static_cast<double>(type.shape.elements(batch));
  }
  return cost;
}

Kernel KernelTable::at(std::string_view op) const {
  for (const Row& row : rows_) {
    if (row.op == op) return row.kernel;
  }
  throw Error(fmt::format("this backend has no kernel for the op {}", op));
}

}  // namespace mlrun::graph
