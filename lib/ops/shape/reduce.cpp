#include "ops/shape/reduce.h"

#include "ops/functions.h"

namespace mlrun::ops {

std::vector<TensorType> ReduceOp::infer(std::span<const TensorType> inputs) const {
  spread_of(inputs[0].shape, {target_, DType::kFloat32});  // throws if it does not fit
  return {{target_, DType::kFloat32}};
}

void ReduceOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  graph::ValueId dy = rule.output_grads[0];
  if (mean_) dy = g.apply(std::make_shared<MeanScaleOp>(), {dy, rule.inputs[0]});
  rule.input_grads[0] = broadcast(g, rule.inputs[0], dy);
}

void MeanScaleOp::gradient(graph::GradientRule& rule) const {
  if (!rule.wanted[0]) return;
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<MeanScaleOp>(), {rule.output_grads[0], rule.inputs[1]});
}

int64_t ReduceOp::workspace_bytes(std::span<const TensorType>, int64_t batch) const {
  return target_.has_batch() ? 0 : kMaxChunks * target_.elements(batch) * size_of(DType::kFloat32);
}

graph::Cost ReduceOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                           int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = static_cast<double>(inputs[0].shape.elements(batch));
  return cost;
}

}  // namespace mlrun::ops
