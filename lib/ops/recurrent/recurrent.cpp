#include "ops/recurrent/recurrent.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::ops {

using graph::kNoValue;
using graph::ShapeError;
using graph::ValueId;

std::vector<TensorType> StepOrderOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  if (x.rank() != 3 || !x.has_batch()) {
    throw ShapeError(fmt::format("a sequence is (N, T, C), not {}", x.to_string()));
  }
  return {inputs[0]};
}

void StepOrderOp::gradient(graph::GradientRule& rule) const {
  std::vector<ValueId> inputs = rule.inputs;
  inputs[0] = rule.output_grads[0];
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<StepOrderOp>(!by_step_, reverse_), inputs);
}

int64_t RecurrentSettings::gates() const {
  return cell == Cell::kSimple ? 1 : cell == Cell::kLstm ? 4 : 3;
}

int64_t RecurrentSettings::saved() const { return cell == Cell::kSimple ? 1 : 4; }

std::vector<TensorType> RecurrentOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  const Shape& u = inputs[1].shape;
  const int64_t units = u[0];
  if (x.rank() != 3 || u != Shape{units, settings_.gates() * units} || x[2] != u[1]) {
    throw ShapeError(
        fmt::format("recurrent weights {} do not fit {}", u.to_string(), x.to_string()));
  }
  const TensorType states{{kBatch, x[1], units}, DType::kFloat32};
  std::vector<TensorType> outputs = {states, {{kBatch, units}, DType::kFloat32}, states};
  outputs.push_back({{kBatch, x[1], settings_.saved() * units}, DType::kFloat32});
  if (settings_.cell == Cell::kLstm) outputs.push_back(states);
  return outputs;
}

// A step's gates take the place of what went into them.
bool RecurrentOp::may_overwrite(int input, int output) const {
  return input == 0 && output == 3 && settings_.saved() == settings_.gates();
}

void RecurrentOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const ValueId before = rule.outputs[2];
  const ValueId saved = rule.outputs[3];
  const bool gru = settings_.cell == Cell::kGru;
  std::vector<ValueId> inputs = {rule.inputs[1], before, saved};
  if (settings_.cell == Cell::kLstm) inputs.push_back(rule.outputs[4]);
  if (settings_.masked) inputs.push_back(rule.inputs.back());
  for (const int output : {0, 1}) {
    if (rule.output_grads[output] != kNoValue) inputs.push_back(rule.output_grads[output]);
  }
  const std::vector<ValueId> grads =
      g.apply_multi(std::make_shared<RecurrentGradOp>(settings_, rule.output_grads[0] != kNoValue,
                                                      rule.output_grads[1] != kNoValue),
                    inputs);
  const ValueId inner = grads.back();  // of h U
  rule.input_grads[0] = grads[0];
  if (gru) rule.input_grads[2] = reduce_to(g, inner, g.shape(rule.inputs[2]));
  if (!rule.wanted[1]) return;
  if (settings_.cell != Cell::kGruResetFirst) {
    rule.input_grads[1] = matmul(g, before, inner, true);
    return;
  }
  const int64_t units = g.shape(before)[2];
  const ValueId gates = matmul(g, before, slice(g, inner, 2, 0, 2 * units), true);
  const ValueId reset = slice(g, saved, 2, 3 * units, 4 * units);
  const ValueId candidate = matmul(g, reset, slice(g, inner, 2, 2 * units, 3 * units), true);
  rule.input_grads[1] = concat(g, {gates, candidate}, 1);
}

// h U of one step, and of kGruResetFirst nothing more.
int64_t RecurrentOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return batch * inputs[0].shape.back() * size_of(DType::kFloat32);
}

graph::Cost RecurrentOp::cost(std::span<const TensorType> inputs,
                              std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const auto rows = static_cast<double>(inputs[0].shape.elements(batch));
  cost.flops += 2 * rows * static_cast<double>(inputs[1].shape[0]);
  return cost;
}

std::vector<TensorType> RecurrentGradOp::infer(std::span<const TensorType> inputs) const {
  const Shape& before = inputs[1].shape;
  const TensorType x{{kBatch, before[1], settings_.gates() * before[2]}, DType::kFloat32};
  if (settings_.cell == Cell::kGru) return {x, x};
  return {x};
}

// Gradients of the state and of the cell, and what passes by a masked step or the gates.
int64_t RecurrentGradOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  return 3 * batch * inputs[1].shape.back() * size_of(DType::kFloat32);
}

graph::Cost RecurrentGradOp::cost(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const auto rows = static_cast<double>(outputs[0].shape.elements(batch));
  cost.flops += 2 * rows * static_cast<double>(inputs[0].shape[0]);
  return cost;
}

namespace {

ValueId by_step(graph::Graph& g, ValueId x, bool reverse, ValueId factors = kNoValue) {
  std::vector<ValueId> inputs = {x};
  if (factors != kNoValue) inputs.push_back(factors);
  return g.apply(std::make_shared<StepOrderOp>(true, reverse), inputs);
}

}  // namespace

RecurrentResult recurrent(graph::Graph& g, const RecurrentSettings& settings,
                          const RecurrentInputs& inputs) {
  const ValueId x = by_step(g, inputs.x, inputs.reverse, inputs.dropout);
  ValueId projected = matmul(g, x, inputs.kernel);
  if (inputs.bias != kNoValue) projected = add(g, projected, inputs.bias);
  std::vector<ValueId> operands = {projected, inputs.recurrent};
  if (settings.cell == Cell::kGru) operands.push_back(inputs.recurrent_bias);
  if (settings.masked) {
    const ValueId mask = reshape(g, inputs.mask, {kBatch, g.shape(inputs.mask)[1], 1});
    operands.push_back(by_step(g, mask, inputs.reverse));
  }
  const std::vector<ValueId> made =
      g.apply_multi(std::make_shared<RecurrentOp>(settings), operands);
  return {g.apply(std::make_shared<StepOrderOp>(false, false), {made[0]}), made[1]};
}

ValueId reverse_steps(graph::Graph& g, ValueId x) {
  return g.apply(std::make_shared<StepOrderOp>(false, true), {by_step(g, x, false)});
}

}  // namespace mlrun::ops
