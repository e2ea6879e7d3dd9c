// Softmax over the last axis, its logarithm, and cross-entropy against class labels.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// x (..., C) -> softmax(x) or log softmax(x), computed from x - max(x).
class SoftmaxOp : public graph::Op {
 public:
  explicit SoftmaxOp(bool log) : log_(log) {}

  std::string_view name() const override { return "Softmax"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  bool may_overwrite(int, int) const override { return true; }
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  bool log() const { return log_; }

 private:
  bool log_;
};

/// y, dy -> dx. Softmax: y (dy - sum(y dy)). Log: dy - e^y sum(dy).
class SoftmaxGradOp : public graph::Op {
 public:
  explicit SoftmaxGradOp(bool log) : log_(log) {}

  std::string_view name() const override { return "SoftmaxGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  bool may_overwrite(int input, int) const override { return input == 1; }
  bool log() const { return log_; }

 private:
  bool log_;
};

/// logits (N, ..., C), labels int32 (N, ...) -> loss (N, ...) = log sum e^logits - logits[label]. A
/// label outside [0, C) gives NaN.
class SparseCrossEntropyOp : public graph::Op {
 public:
  std::string_view name() const override { return "SparseCrossEntropy"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
};

/// logits, labels, dloss (N, ...) -> (softmax(logits) - onehot(label)) * dloss.
class SparseCrossEntropyGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "SparseCrossEntropyGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  bool may_overwrite(int input, int) const override { return input == 0; }
};

void softmax_cpu(const graph::KernelCall& call);
void softmax_grad_cpu(const graph::KernelCall& call);
void sparse_cross_entropy_cpu(const graph::KernelCall& call);
void sparse_cross_entropy_grad_cpu(const graph::KernelCall& call);
void softmax_cuda(const graph::KernelCall& call);
void softmax_grad_cuda(const graph::KernelCall& call);
void sparse_cross_entropy_cuda(const graph::KernelCall& call);
void sparse_cross_entropy_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
