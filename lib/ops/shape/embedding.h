// Table lookup and its transpose.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// table (V, D), indices (N, ...) as floats or int32 -> (N, ..., D). An index outside [0, V) gives
/// NaN, which ends the training as diverged rather than reading foreign memory.
class EmbeddingOp : public graph::Op {
 public:
  std::string_view name() const override { return "Embedding"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
};

/// table (for its shape), indices, dy (N, ..., D) -> dtable (V, D), rows summed in sample order.
class EmbeddingGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "EmbeddingGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
};

void embedding_cpu(const graph::KernelCall& call);
void embedding_grad_cpu(const graph::KernelCall& call);
void embedding_cuda(const graph::KernelCall& call);
void embedding_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
