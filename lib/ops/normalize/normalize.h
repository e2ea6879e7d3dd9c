// Batch normalisation (Ioffe, Szegedy 2015) and layer normalisation (Ba, Kiros, Hinton 2016).
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// x (..., C), gamma (C), beta (C) -> y, mean (C), variance (C, biased), inverse deviation (C),
/// over all axes but the last.
class BatchNormOp : public graph::Op {
 public:
  explicit BatchNormOp(float epsilon) : epsilon_(epsilon) {}

  std::string_view name() const override { return "BatchNorm"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  float epsilon() const { return epsilon_; }

 private:
  float epsilon_;
};

/// x, gamma, mean, inverse deviation, dy -> dx, dgamma, dbeta.
class BatchNormGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "BatchNormGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1], inputs[1]};
  }
};

/// x (..., C), gamma (C), beta (C) -> y, mean (R), inverse deviation (R), one of each per row.
class LayerNormOp : public graph::Op {
 public:
  explicit LayerNormOp(float epsilon) : epsilon_(epsilon) {}

  std::string_view name() const override { return "LayerNorm"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  float epsilon() const { return epsilon_; }

 private:
  float epsilon_;
};

/// x, gamma, mean, inverse deviation, dy -> dx, dgamma, dbeta.
class LayerNormGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "LayerNormGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1], inputs[1]};
  }
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
};

/// moving (variable), batch -> nothing; moving <- moving * momentum + batch * (1 - momentum).
class MovingAverageOp : public graph::Op {
 public:
  explicit MovingAverageOp(float momentum) : momentum_(momentum) {}

  std::string_view name() const override { return "MovingAverage"; }
  std::vector<TensorType> infer(std::span<const TensorType>) const override { return {}; }
  bool mutates(int input) const override { return input == 0; }
  float momentum() const { return momentum_; }

 private:
  float momentum_;
};

void batch_norm_cpu(const graph::KernelCall& call);
void batch_norm_grad_cpu(const graph::KernelCall& call);
void layer_norm_cpu(const graph::KernelCall& call);
void layer_norm_grad_cpu(const graph::KernelCall& call);
void moving_average_cpu(const graph::KernelCall& call);
void batch_norm_cuda(const graph::KernelCall& call);
void batch_norm_grad_cuda(const graph::KernelCall& call);
void layer_norm_cuda(const graph::KernelCall& call);
void layer_norm_grad_cuda(const graph::KernelCall& call);
void moving_average_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
