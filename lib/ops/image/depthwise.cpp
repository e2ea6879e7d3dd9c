#include "ops/image/depthwise.h"

#include <memory>

#include "graph/graph.h"

namespace mlrun::ops {

using graph::ValueId;

namespace {

using Axes = std::array<ConvolutionAxis, 2>;

ValueId depthwise(graph::Graph& g, const Axes& axes, bool transposed, ValueId x, ValueId w) {
  return g.apply(std::make_shared<DepthwiseOp>(axes, transposed), {x, w});
}

ValueId weight_grad(graph::Graph& g, const Axes& axes, ValueId x, ValueId dy) {
  return g.apply(std::make_shared<DepthwiseWeightGradOp>(axes), {x, dy});
}

}  // namespace

std::vector<TensorType> DepthwiseOp::infer(std::span<const TensorType> inputs) const {
  const auto& [h, w] = axes_;
  const Shape& x = inputs[0].shape;
  return {{transposed_ ? Shape{x[0], h.in, w.in, x.back()} : Shape{x[0], h.out, w.out, x.back()},
           DType::kFloat32}};
}

void DepthwiseOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const ValueId x = rule.inputs[0];
  const ValueId dy = rule.output_grads[0];
  if (rule.wanted[0]) rule.input_grads[0] = depthwise(g, axes_, !transposed_, dy, rule.inputs[1]);
  if (rule.wanted[1]) {
    rule.input_grads[1] = transposed_ ? weight_grad(g, axes_, dy, x) : weight_grad(g, axes_, x, dy);
  }
}

graph::Cost DepthwiseOp::cost(std::span<const TensorType> inputs,
                              std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const Shape& y = transposed_ ? inputs[0].shape : outputs[0].shape;
  cost.flops = 2.0 * static_cast<double>(y.elements(batch)) *
               static_cast<double>(axes_[0].kernel * axes_[1].kernel);
  return cost;
}

std::vector<TensorType> DepthwiseWeightGradOp::infer(std::span<const TensorType> inputs) const {
  return {{Shape{axes_[0].kernel, axes_[1].kernel, inputs[0].shape.back()}, DType::kFloat32}};
}

void DepthwiseWeightGradOp::gradient(graph::GradientRule& rule) const {
  const ValueId ddw = rule.output_grads[0];
  for (const size_t i : {0u, 1u}) {
    if (!rule.wanted[i]) continue;
    rule.input_grads[i] = depthwise(rule.graph, axes_, i == 0, rule.inputs[1 - i], ddw);
  }
}

int64_t DepthwiseWeightGradOp::workspace_bytes(std::span<const TensorType> inputs,
                                               int64_t batch) const {
  return std::min(batch, kMaxChunks) * infer(inputs)[0].bytes(batch);
}

}  // namespace mlrun::ops
