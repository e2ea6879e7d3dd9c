#include "ops/loss/nt_xent.h"

#include <fmt/format.h>

#include "graph/graph.h"

namespace mlrun::ops {
namespace {

// All vectors, and their products with each other.
int64_t floats(const Shape& a, int64_t batch) {
  const int64_t vectors = 2 * batch;
  return vectors * (a.back() + vectors);
}

double product_flops(const Shape& a, int64_t batch) {
  const auto vectors = 2.0 * static_cast<double>(batch);
  return 2 * vectors * vectors * static_cast<double>(a.back());
}

}  // namespace

std::vector<TensorType> NtXentOp::infer(std::span<const TensorType> inputs) const {
  const Shape& a = inputs[0].shape;
  if (a.rank() != 2 || a != inputs[1].shape) {
    throw graph::ShapeError(fmt::format("needs two views (N, D), not {} and {}", a.to_string(),
                                        inputs[1].shape.to_string()));
  }
  return {{Shape{a[0]}, DType::kFloat32}};
}

void NtXentOp::gradient(graph::GradientRule& rule) const {
  const std::vector<graph::ValueId> grads =
      rule.graph.apply_multi(std::make_shared<NtXentGradOp>(temperature_),
                             {rule.inputs[0], rule.inputs[1], rule.output_grads[0]});
  for (size_t i = 0; i < 2; ++i) {
    if (rule.wanted[i]) rule.input_grads[i] = grads[i];
  }
}

int64_t NtXentOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return floats(inputs[0].shape, batch) * size_of(DType::kFloat32);
}

int64_t NtXentGradOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return floats(inputs[0].shape, batch) * size_of(DType::kFloat32);
}

graph::Cost NtXentOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                           int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = product_flops(inputs[0].shape, batch);
  return cost;
}

graph::Cost NtXentGradOp::cost(std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = 3 * product_flops(inputs[0].shape, batch);
  return cost;
}

}  // namespace mlrun::ops
