// Scaled dot-product attention of several heads. Vaswani et al. 2017.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// H heads, each with keys of D and values of V elements.
struct AttentionOptions {
  int64_t heads = 1;
  int64_t key_dim = 1;
  int64_t value_dim = 1;
  bool cross = false;    ///< keys and values come from another tensor than the queries
  bool masked = false;   ///< there is an input that says which keys exist
  bool causal = false;   ///< position t sees the positions up to t
  bool training = true;  ///< keep the probabilities for the gradient
  float dropout = 0;     ///< rate at which probabilities are dropped
  uint32_t salt = 0;     ///< distinguishes the dropouts of one graph
};

/// y = softmax(q k^T / sqrt(D)) v per sample and head; heads stand side by side in a row. Inputs:
///   itself   qkv (N, T, H (D + D + V)): queries, keys and values of each position in one row
///   cross    q (N, T, H D) and kv (N, S, H (D + V))
///   masked   then a mask (N, S), 0 where the key does not exist; a query that sees none gives 0
///   dropout  then the random state, uint32 (4)
/// Outputs y (N, T, H V) and, for the gradient, the probabilities (N, H, T, S).
class AttentionOp : public graph::Op {
 public:
  explicit AttentionOp(const AttentionOptions& options) : options_(options) {}

  std::string_view name() const override { return "Attention"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  std::vector<float> varying() const override { return {options_.dropout}; }
  const AttentionOptions& options() const { return options_; }

 private:
  AttentionOptions options_;
};

/// The inputs of the attention, then its probabilities and dy -> dqkv, or dq and dkv.
class AttentionGradOp : public graph::Op {
 public:
  explicit AttentionGradOp(const AttentionOptions& options) : options_(options) {}

  std::string_view name() const override { return "AttentionGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  std::vector<float> varying() const override { return {options_.dropout}; }
  const AttentionOptions& options() const { return options_; }

 private:
  AttentionOptions options_;
};

void attention_cpu(const graph::KernelCall& call);
void attention_grad_cpu(const graph::KernelCall& call);
void attention_cuda(const graph::KernelCall& call);
void attention_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
