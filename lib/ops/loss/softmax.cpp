#include "ops/loss/softmax.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/functions.h"

namespace mlrun::ops {

std::vector<TensorType> SoftmaxOp::infer(std::span<const TensorType> inputs) const {
  if (inputs[0].shape.rank() == 0) throw graph::ShapeError("softmax needs at least one axis");
  return {inputs[0]};
}

void SoftmaxOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<SoftmaxGradOp>(log_),
                                         {rule.outputs[0], rule.output_grads[0]});
}

graph::Cost SoftmaxOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                            int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops *= 4;  // max, subtract, exp, divide
  return cost;
}

std::vector<TensorType> SparseCrossEntropyOp::infer(std::span<const TensorType> inputs) const {
  const Shape& logits = inputs[0].shape;
  const Shape& labels = inputs[1].shape;
  if (logits.rank() != labels.rank() + 1 ||
      !std::equal(labels.dims().begin(), labels.dims().end(), logits.dims().begin())) {
    throw graph::ShapeError(fmt::format("class scores {} do not fit labels {}", logits.to_string(),
                                        labels.to_string()));
  }
  return {{labels, DType::kFloat32}};
}

void SparseCrossEntropyOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<SparseCrossEntropyGradOp>(),
                                         {rule.inputs[0], rule.inputs[1], rule.output_grads[0]});
}

}  // namespace mlrun::ops
