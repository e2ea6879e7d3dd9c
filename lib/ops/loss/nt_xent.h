// The contrastive loss of two views of each sample: NT-Xent. Chen et al. 2020, "A simple framework
// for contrastive learning of visual representations", eq. 1.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// a (N, D), b (N, D), the two views of each sample as vectors -> loss (N). Of the 2N vectors z
/// with the products s_rk = z_r z_k / temperature, and r' the other view of the sample of r,
///   l_r = log sum_{k != r} e^s_rk - s_rr',   loss_n = (l_n + l_{N + n}) / 2.
/// One sample alone has no others to be told from: its loss is 0.
class NtXentOp : public graph::Op {
 public:
  explicit NtXentOp(float temperature) : temperature_(temperature) {}

  std::string_view name() const override { return "NtXent"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  float temperature() const { return temperature_; }

 private:
  float temperature_;
};

/// a, b, dloss (N) -> da, db. With G_rk = d objective / d s_rk: dz = (G + G') z / temperature.
class NtXentGradOp : public graph::Op {
 public:
  explicit NtXentGradOp(float temperature) : temperature_(temperature) {}

  std::string_view name() const override { return "NtXentGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0], inputs[1]};
  }
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;
  float temperature() const { return temperature_; }

 private:
  float temperature_;
};

void nt_xent_cpu(const graph::KernelCall& call);
void nt_xent_grad_cpu(const graph::KernelCall& call);
void nt_xent_cuda(const graph::KernelCall& call);
void nt_xent_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
