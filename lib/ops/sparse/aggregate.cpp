#include "ops/sparse/aggregate.h"

#include <algorithm>

namespace mlrun::ops {

using graph::Graph;
using graph::kNoValue;
using graph::ValueId;

namespace {

std::vector<ValueId> with_graph(ValueId x, ValueId graph) {
  return graph == kNoValue ? std::vector{x} : std::vector{x, graph};
}

}  // namespace

std::vector<TensorType> AggregateOp::infer(std::span<const TensorType> inputs) const {
  check_nodes(*adjacency_, inputs[0].shape, "an aggregation");
  return {inputs[0]};
}

void AggregateOp::gradient(graph::GradientRule& rule) const {
  const ValueId graph = rule.inputs.size() > 1 ? rule.inputs[1] : kNoValue;
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<AggregateOp>(adjacency_, kind_, !transposed_),
                       with_graph(rule.output_grads[0], graph));
}

graph::Cost AggregateOp::cost(std::span<const TensorType> inputs,
                              std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const auto width = static_cast<double>(inputs[0].shape.back());
  const double arcs = static_cast<double>(adjacency_->arcs()) /
                      static_cast<double>(std::max<int64_t>(adjacency_->graphs(), 1));
  const double samples = inputs[0].shape.has_batch() ? static_cast<double>(batch) : 1;
  cost.flops = 2 * samples * arcs * width;
  cost.bytes += samples * arcs * 8;
  return cost;
}

std::vector<TensorType> NeighbourMaxOp::infer(std::span<const TensorType> inputs) const {
  check_nodes(*adjacency_, inputs[0].shape, "an aggregation");
  return {inputs[0], {inputs[0].shape, DType::kInt32}};
}

void NeighbourMaxOp::gradient(graph::GradientRule& rule) const {
  std::vector<ValueId> inputs = {rule.output_grads[0], rule.outputs[1]};
  if (rule.inputs.size() > 1) inputs.push_back(rule.inputs[1]);
  rule.input_grads[0] =
      rule.graph.apply(std::make_shared<NeighbourMaxGradOp>(adjacency_), std::move(inputs));
}

std::vector<TensorType> NodeMaskOp::infer(std::span<const TensorType>) const {
  return {{Shape{kBatch, adjacency_->most_nodes}, DType::kFloat32}};
}

ValueId aggregate(Graph& g, const AdjacencyPtr& adjacency, Aggregation kind, ValueId x,
                  ValueId graph) {
  return g.apply(std::make_shared<AggregateOp>(adjacency, kind, false), with_graph(x, graph));
}

ValueId neighbour_max(Graph& g, const AdjacencyPtr& adjacency, ValueId x, ValueId graph) {
  return g.apply_multi(std::make_shared<NeighbourMaxOp>(adjacency), with_graph(x, graph))[0];
}

ValueId node_mask(Graph& g, const AdjacencyPtr& adjacency, ValueId graph) {
  return g.apply(std::make_shared<NodeMaskOp>(adjacency), {graph});
}

}  // namespace mlrun::ops
