// Attention of a node to its neighbours and itself. Velickovic et al., "Graph attention networks",
// ICLR 2018.
#pragma once

#include "ops/sparse/aggregate.h"

namespace mlrun::ops {

struct GraphAttentionOptions {
  int64_t heads = 1;
  float negative_slope = 0.2f;
  float dropout = 0;  ///< of the attention
  uint32_t salt = 0;
};

/// h (V, H D), a (V, H) of the node that is read, b (V, H) of the node that reads; each with
/// samples in front if there are many graphs, and then int32 (N), which graph each is; with dropout
/// the random state -> y (V, H D), p (S, H):
///   p_ij = softmax over j of leaky_relu(a_j + b_i), j the neighbours of i and i itself
///   y_i  = sum_j dropout(p_ij) h_j, head by head
/// p holds the slots of an Adjacency.
class GraphAttentionOp : public graph::Op {
 public:
  GraphAttentionOp(AdjacencyPtr adjacency, GraphAttentionOptions options)
      : adjacency_(std::move(adjacency)), options_(options) {}

  std::string_view name() const override { return "GraphAttention"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  const Adjacency& adjacency() const { return *adjacency_; }
  std::vector<float> varying() const override { return {options_.dropout}; }
  const GraphAttentionOptions& options() const { return options_; }

 private:
  AdjacencyPtr adjacency_;
  GraphAttentionOptions options_;
};

/// The inputs of GraphAttention, then its outputs y and p, then dy -> dh, da, db.
class GraphAttentionGradOp : public graph::Op {
 public:
  GraphAttentionGradOp(AdjacencyPtr adjacency, GraphAttentionOptions options)
      : adjacency_(std::move(adjacency)), options_(options) {}

  std::string_view name() const override { return "GraphAttentionGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1], inputs[2]};
  }
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  const Adjacency& adjacency() const { return *adjacency_; }
  std::vector<float> varying() const override { return {options_.dropout}; }
  const GraphAttentionOptions& options() const { return options_; }

 private:
  AdjacencyPtr adjacency_;
  GraphAttentionOptions options_;
};

struct GraphAttentionInputs {
  graph::ValueId h = graph::kNoValue;
  graph::ValueId a = graph::kNoValue;
  graph::ValueId b = graph::kNoValue;
  graph::ValueId graph = graph::kNoValue;
  graph::ValueId random = graph::kNoValue;
};

graph::ValueId graph_attention(graph::Graph& g, const AdjacencyPtr& adjacency,
                               const GraphAttentionOptions& options,
                               const GraphAttentionInputs& inputs);

void graph_attention_cpu(const graph::KernelCall& call);
void graph_attention_grad_cpu(const graph::KernelCall& call);
void graph_attention_cuda(const graph::KernelCall& call);
void graph_attention_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
