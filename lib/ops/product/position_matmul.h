// A matrix of its own for each position of a sample.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// x (N, P, C), w (P, C, K) -> (N, P, K): row p of every sample times matrix p. With transpose_w, w
/// is (P, K, C).
class PositionMatMulOp : public graph::Op {
 public:
  explicit PositionMatMulOp(bool transpose_w = false) : transpose_w_(transpose_w) {}

  std::string_view name() const override { return "PositionMatMul"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  bool transpose_w() const { return transpose_w_; }

 private:
  bool transpose_w_;
};

/// x (N, P, C), y (N, P, K) -> (P, C, K): for each position the sum over the samples of x' y.
class PositionMatMulWeightGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "PositionMatMulWeightGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
};

void position_matmul_cpu(const graph::KernelCall& call);
void position_matmul_weight_grad_cpu(const graph::KernelCall& call);
void position_matmul_cuda(const graph::KernelCall& call);
void position_matmul_weight_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
