#include "ops/shape/routing.h"

#include <fmt/format.h>

#include "graph/graph.h"

namespace mlrun::ops {

using graph::ValueId;

namespace {

Shape with_last(const Shape& shape, std::vector<int64_t> last) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end() - 1);
  dims.insert(dims.end(), last.begin(), last.end());
  return Shape(dims);
}

// Inputs of an op with the gate where there is one.
std::vector<ValueId> gated(const graph::GradientRule& rule, ValueId first) {
  std::vector<ValueId> inputs = rule.inputs;
  inputs[0] = first;
  return inputs;
}

}  // namespace

std::vector<TensorType> RouteOp::infer(std::span<const TensorType> inputs) const {
  const Shape& p = inputs[0].shape;
  if (choices_ < 1 || choices_ > p.back()) {
    throw graph::ShapeError(fmt::format("cannot choose {} of {} experts", choices_, p.back()));
  }
  const TensorType chosen{with_last(p, {choices_}), DType::kInt32};
  return {chosen, chosen, {Shape{p.back() + 1}, DType::kInt32}};
}

// Where the next token of each expert goes.
int64_t RouteOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return inputs[0].shape.back() * static_cast<int64_t>(sizeof(int32_t));
}

std::vector<TensorType> ChooseOp::infer(std::span<const TensorType> inputs) const {
  return {{inputs[1].shape, DType::kFloat32}};
}

void ChooseOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<ChooseGradOp>(),
                                         {rule.inputs[0], rule.inputs[1], rule.output_grads[0]});
}

void ChooseGradOp::gradient(graph::GradientRule& rule) const {
  if (!rule.wanted[2]) return;
  rule.input_grads[2] =
      rule.graph.apply(std::make_shared<ChooseOp>(), {rule.output_grads[0], rule.inputs[1]});
}

std::vector<TensorType> ExpertShareOp::infer(std::span<const TensorType> inputs) const {
  return {{Shape{inputs[0].shape[0] - 1}, DType::kFloat32}};
}

std::vector<TensorType> DispatchOp::infer(std::span<const TensorType> inputs) const {
  const Shape& place = inputs[1].shape;
  return {{with_last(inputs[0].shape, {place.back(), inputs[0].shape.back()}), DType::kFloat32}};
}

void DispatchOp::gradient(graph::GradientRule& rule) const {
  if (rule.inputs.size() > 2 && rule.wanted[2]) throw Error("a gate in Dispatch has no gradient");
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<CombineOp>(), gated(rule, rule.output_grads[0]));
}

std::vector<TensorType> CombineOp::infer(std::span<const TensorType> inputs) const {
  return {{with_last(inputs[1].shape, {inputs[0].shape.back()}), DType::kFloat32}};
}

void CombineOp::gradient(graph::GradientRule& rule) const {
  const ValueId dy = rule.output_grads[0];
  if (rule.wanted[0]) {
    rule.input_grads[0] = rule.graph.apply(std::make_shared<DispatchOp>(), gated(rule, dy));
  }
  if (rule.inputs.size() > 2 && rule.wanted[2]) {
    rule.input_grads[2] =
        rule.graph.apply(std::make_shared<GateGradOp>(), {rule.inputs[0], rule.inputs[1], dy});
  }
}

std::vector<TensorType> GateGradOp::infer(std::span<const TensorType> inputs) const {
  return {{inputs[1].shape, DType::kFloat32}};
}

}  // namespace mlrun::ops
