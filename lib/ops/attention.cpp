#include "ops/attention.h"

#include <fmt/format.h>

#include <cmath>

#include "graph/graph.h"
#include "ops/attention_blocks.h"

namespace mlrun::ops {

using graph::ShapeError;

namespace {

void check_tokens(const Shape& shape, int64_t width, const char* what) {
  if (shape.rank() != 3 || shape[2] != width) {
    throw ShapeError(fmt::format("{} must be (N, T, {}), not {}", what, width, shape.to_string()));
  }
}

// Floating-point operations of one product of all queries with all keys, per element of D or V.
double pair_flops(const AttentionOptions& o, std::span<const TensorType> inputs, int64_t batch) {
  const double pairs = static_cast<double>(inputs[0].shape.elements(batch)) /
                       static_cast<double>(inputs[0].shape[2]) *
                       static_cast<double>(inputs[o.cross ? 1 : 0].shape[1]);
  return 2.0 * static_cast<double>(o.heads) * pairs * (o.causal ? 0.5 : 1.0);
}

}  // namespace

std::vector<TensorType> AttentionOp::infer(std::span<const TensorType> inputs) const {
  const AttentionOptions& o = options_;
  const Shape& queries = inputs[0].shape;
  const Shape& keys = inputs[o.cross ? 1 : 0].shape;
  if (o.cross) {
    check_tokens(queries, o.heads * o.key_dim, "queries");
    check_tokens(keys, o.heads * (o.key_dim + o.value_dim), "keys and values");
  } else {
    check_tokens(queries, o.heads * (2 * o.key_dim + o.value_dim), "queries, keys and values");
  }
  if (o.masked) {
    const Shape& mask = inputs[o.cross ? 2 : 1].shape;
    if (mask != Shape{kBatch, keys[1]}) {
      throw ShapeError(fmt::format("a mask of {} keys must be (N, {}), not {}", keys[1], keys[1],
                                   mask.to_string()));
    }
  }
  std::vector<TensorType> outputs = {{Shape{kBatch, queries[1], o.heads * o.value_dim}}};
  if (o.training) outputs.push_back({Shape{kBatch, o.heads, queries[1], keys[1]}});
  return outputs;
}

void AttentionOp::gradient(graph::GradientRule& rule) const {
  std::vector<graph::ValueId> inputs = rule.inputs;
  inputs.push_back(rule.outputs.at(1));
  inputs.push_back(rule.output_grads[0]);
  const std::vector<graph::ValueId> grads =
      rule.graph.apply_multi(std::make_shared<AttentionGradOp>(options_), std::move(inputs));
  for (size_t i = 0; i < grads.size(); ++i) rule.input_grads[i] = grads[i];
}

int64_t AttentionOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return attention_workspace_bytes(options_, inputs);
}

graph::Cost AttentionOp::cost(std::span<const TensorType> inputs,
                              std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  // Two products, and 4 for each probability: scale, subtract, exp, divide.
  cost.flops = pair_flops(options_, inputs, batch) *
               static_cast<double>(options_.key_dim + options_.value_dim + 2);
  return cost;
}

std::vector<TensorType> AttentionGradOp::infer(std::span<const TensorType> inputs) const {
  if (options_.cross) return {inputs[0], inputs[1]};
  return {inputs[0]};
}

int64_t AttentionGradOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return attention_workspace_bytes(options_, inputs);
}

graph::Cost AttentionGradOp::cost(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = 2 * pair_flops(options_, inputs, batch) *
               static_cast<double>(options_.key_dim + options_.value_dim + 1);
  return cost;
}

}  // namespace mlrun::ops
