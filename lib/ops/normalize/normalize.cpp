#include "ops/normalize/normalize.h"

#include <fmt/format.h>

#include "graph/graph.h"

namespace mlrun::ops {
namespace {

void check_channels(std::span<const TensorType> inputs) {
  const Shape& x = inputs[0].shape;
  const Shape channels{x.back()};
  if (x.rank() < 2 || inputs[1].shape != channels || inputs[2].shape != channels) {
    throw graph::ShapeError(fmt::format("cannot normalise {} with {} scales", x.to_string(),
                                        inputs[1].shape.to_string()));
  }
}

// Both norms: inputs x, gamma, beta; outputs y, mean, ..., inverse deviation (the last).
template <class GradOp>
void normalize_gradient(graph::GradientRule& rule) {
  const std::vector<graph::ValueId> grads = rule.graph.apply_multi(
      std::make_shared<GradOp>(),
      {rule.inputs[0], rule.inputs[1], rule.outputs[1], rule.outputs.back(), rule.output_grads[0]});
  rule.input_grads.assign(grads.begin(), grads.end());
}

}  // namespace

std::vector<TensorType> BatchNormOp::infer(std::span<const TensorType> inputs) const {
  check_channels(inputs);
  return {inputs[0], inputs[1], inputs[1], inputs[1]};
}

void BatchNormOp::gradient(graph::GradientRule& rule) const {
  normalize_gradient<BatchNormGradOp>(rule);
}

std::vector<TensorType> LayerNormOp::infer(std::span<const TensorType> inputs) const {
  check_channels(inputs);
  const std::span<const int64_t> dims = inputs[0].shape.dims();
  const TensorType per_row{Shape(dims.first(dims.size() - 1)), DType::kFloat32};
  return {inputs[0], per_row, per_row};
}

void LayerNormOp::gradient(graph::GradientRule& rule) const {
  normalize_gradient<LayerNormGradOp>(rule);
}

}  // namespace mlrun::ops
