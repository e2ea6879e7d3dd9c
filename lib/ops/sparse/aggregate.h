// What a node gets from its neighbours: sums, means and maxima over the arcs that end in it.
#pragma once

#include <memory>

#include "graph/graph.h"
#include "ops/sparse/adjacency.h"

namespace mlrun::ops {

using AdjacencyPtr = std::shared_ptr<const Adjacency>;

enum class Aggregation : uint8_t {
  kSum,        ///< y_i = sum_j w_ij x_j
  kMean,       ///< y_i = sum_j x_j / arcs that end in i; 0 for none
  kSymmetric,  ///< D^-1/2 (A + I) D^-1/2 x, D_i = 1 + sum_j w_ij. Kipf, Welling 2017
};

/// x (V, C) -> y (V, C); or x (N, V, C) and int32 (N), which graph each sample is. Transposed,
/// along the arcs the other way round: its own gradient. Rows of padding become 0.
class AggregateOp : public graph::Op {
 public:
  AggregateOp(AdjacencyPtr adjacency, Aggregation kind, bool transposed)
      : adjacency_(std::move(adjacency)), kind_(kind), transposed_(transposed) {}

  std::string_view name() const override { return "Aggregate"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  const Adjacency& adjacency() const { return *adjacency_; }
  Aggregation kind() const { return kind_; }
  bool transposed() const { return transposed_; }

 private:
  AdjacencyPtr adjacency_;
  Aggregation kind_;
  bool transposed_;
};

/// The same operands -> the largest x of the neighbours, 0 without any, and the node it is of as
/// int32 (-1 for none; the first of several).
class NeighbourMaxOp : public graph::Op {
 public:
  explicit NeighbourMaxOp(AdjacencyPtr adjacency) : adjacency_(std::move(adjacency)) {}

  std::string_view name() const override { return "NeighbourMax"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  const Adjacency& adjacency() const { return *adjacency_; }

 private:
  AdjacencyPtr adjacency_;
};

/// dy, the nodes of the maxima, and which graphs if x has samples -> dx.
class NeighbourMaxGradOp : public graph::Op {
 public:
  explicit NeighbourMaxGradOp(AdjacencyPtr adjacency) : adjacency_(std::move(adjacency)) {}

  std::string_view name() const override { return "NeighbourMaxGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  const Adjacency& adjacency() const { return *adjacency_; }

 private:
  AdjacencyPtr adjacency_;
};

/// int32 (N), which graph each sample is -> (N, V): 1 for its nodes, 0 for padding.
class NodeMaskOp : public graph::Op {
 public:
  explicit NodeMaskOp(AdjacencyPtr adjacency) : adjacency_(std::move(adjacency)) {}

  std::string_view name() const override { return "NodeMask"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule&) const override {}
  const Adjacency& adjacency() const { return *adjacency_; }

 private:
  AdjacencyPtr adjacency_;
};

/// `graph` is kNoValue for values at the nodes of one graph.
graph::ValueId aggregate(graph::Graph& g, const AdjacencyPtr& adjacency, Aggregation kind,
                         graph::ValueId x, graph::ValueId graph = graph::kNoValue);
graph::ValueId neighbour_max(graph::Graph& g, const AdjacencyPtr& adjacency, graph::ValueId x,
                             graph::ValueId graph = graph::kNoValue);
graph::ValueId node_mask(graph::Graph& g, const AdjacencyPtr& adjacency, graph::ValueId graph);

void aggregate_cpu(const graph::KernelCall& call);
void neighbour_max_cpu(const graph::KernelCall& call);
void neighbour_max_grad_cpu(const graph::KernelCall& call);
void node_mask_cpu(const graph::KernelCall& call);
void aggregate_cuda(const graph::KernelCall& call);
void neighbour_max_cuda(const graph::KernelCall& call);
void neighbour_max_grad_cuda(const graph::KernelCall& call);
void node_mask_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
