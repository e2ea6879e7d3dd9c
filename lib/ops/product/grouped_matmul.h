// One matrix for each group of rows.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// rows (N, ..., C) in the order of E groups, the first row of each group int32 (E + 1), then E
/// kernels (C, K) and, with bias, E biases (K) -> (N, ..., K): every row times the kernel of its
/// group.
class GroupedMatMulOp : public graph::Op {
 public:
  GroupedMatMulOp(int64_t groups, bool bias) : groups_(groups), bias_(bias) {}

  std::string_view name() const override { return "GroupedMatMul"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  int64_t groups() const { return groups_; }
  bool bias() const { return bias_; }

 private:
  int64_t groups_;
  bool bias_;
};

/// The inputs, then dy (N, ..., K) -> drows, E kernel gradients and, with bias, E bias gradients.
class GroupedMatMulGradOp : public graph::Op {
 public:
  GroupedMatMulGradOp(int64_t groups, bool bias) : groups_(groups), bias_(bias) {}

  std::string_view name() const override { return "GroupedMatMulGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  int64_t groups() const { return groups_; }
  bool bias() const { return bias_; }

 private:
  int64_t groups_;
  bool bias_;
};

void grouped_matmul_cpu(const graph::KernelCall& call);
void grouped_matmul_grad_cpu(const graph::KernelCall& call);
void grouped_matmul_cuda(const graph::KernelCall& call);
void grouped_matmul_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
