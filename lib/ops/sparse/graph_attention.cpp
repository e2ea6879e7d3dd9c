#include "ops/sparse/graph_attention.h"

#include <fmt/format.h>

namespace mlrun::ops {

using graph::ValueId;

namespace {

// A number for each slot and head.
Shape slots_shape(const Adjacency& a, int64_t heads, bool batched) {
  return batched ? Shape{kBatch, a.slots(), heads} : Shape{a.slots(), heads};
}

int64_t slots_bytes(const Adjacency& a, int64_t heads, const Shape& x, int64_t batch) {
  return slots_shape(a, heads, x.has_batch()).elements(batch) * size_of(DType::kFloat32);
}

}  // namespace

std::vector<TensorType> GraphAttentionOp::infer(std::span<const TensorType> inputs) const {
  const Shape& h = inputs[0].shape;
  check_nodes(*adjacency_, h, "attention");
  if (h.back() % options_.heads != 0 || inputs[1].shape.back() != options_.heads ||
      inputs[2].shape != inputs[1].shape) {
    throw graph::ShapeError(fmt::format("{} heads do not fit {}, {} and {}", options_.heads,
                                        h.to_string(), inputs[1].shape.to_string(),
                                        inputs[2].shape.to_string()));
  }
  return {inputs[0], {slots_shape(*adjacency_, options_.heads, h.has_batch()), DType::kFloat32}};
}

void GraphAttentionOp::gradient(graph::GradientRule& rule) const {
  std::vector<ValueId> inputs = rule.inputs;
  inputs.insert(inputs.end(), rule.outputs.begin(), rule.outputs.end());
  inputs.push_back(rule.output_grads[0]);
  const std::vector<ValueId> grads = rule.graph.apply_multi(
      std::make_shared<GraphAttentionGradOp>(adjacency_, options_), std::move(inputs));
  for (size_t i = 0; i < grads.size(); ++i) rule.input_grads[i] = grads[i];
}

int64_t GraphAttentionOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  if (options_.dropout == 0) return 0;
  return slots_bytes(*adjacency_, options_.heads, inputs[0].shape, batch);
}

graph::Cost GraphAttentionOp::cost(std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const auto slots = static_cast<double>(outputs[1].shape.elements(batch));
  const double width = static_cast<double>(inputs[0].shape.back() / options_.heads);
  cost.flops = slots * (2 * width + 8);
  return cost;
}

// The attention after dropout, and the gradients by its logits.
int64_t GraphAttentionGradOp::workspace_bytes(std::span<const TensorType> inputs,
                                              int64_t batch) const {
  return 2 * slots_bytes(*adjacency_, options_.heads, inputs[0].shape, batch);
}

ValueId graph_attention(graph::Graph& g, const AdjacencyPtr& adjacency,
                        const GraphAttentionOptions& options, const GraphAttentionInputs& inputs) {
  std::vector<ValueId> all = {inputs.h, inputs.a, inputs.b};
  if (inputs.graph != graph::kNoValue) all.push_back(inputs.graph);
  if (options.dropout > 0) all.push_back(inputs.random);
  return g.apply_multi(std::make_shared<GraphAttentionOp>(adjacency, options), std::move(all))[0];
}

}  // namespace mlrun::ops
