// Sending each token to a few of several experts. R tokens, k choices, E experts; (N, ...) are the
// tokens' axes. The R k chosen (token, expert) pairs have places in the order of experts, then of
// tokens; "rows" (N, ..., k, C) hold something for each place, whatever the axes say.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// probabilities (N, ..., E) -> the k most probable experts, best first: choice int32 (N, ..., k),
/// place int32 (N, ..., k), and the first place of each expert int32 (E + 1). Of equals, the first.
class RouteOp : public graph::Op {
 public:
  explicit RouteOp(int64_t choices) : choices_(choices) {}

  std::string_view name() const override { return "Route"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule&) const override {}
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  int64_t choices() const { return choices_; }

 private:
  int64_t choices_;
};

/// probabilities (N, ..., E), choice (N, ..., k) -> the chosen ones (N, ..., k).
class ChooseOp : public graph::Op {
 public:
  std::string_view name() const override { return "Choose"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
};

/// probabilities (for their shape), choice, dy (N, ..., k) -> dy at the chosen, 0 elsewhere.
class ChooseGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "ChooseGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  void gradient(graph::GradientRule& rule) const override;
};

/// first place (E + 1) -> the fraction of all places that each expert has (E); no gradient.
class ExpertShareOp : public graph::Op {
 public:
  std::string_view name() const override { return "ExpertShare"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule&) const override {}
};

/// x (N, ..., C), place (N, ..., k) and perhaps a gate (N, ..., k) -> rows, each token (times its
/// gate) at its places.
class DispatchOp : public graph::Op {
 public:
  std::string_view name() const override { return "Dispatch"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
};

/// rows (N, ..., k, C), place (N, ..., k) and perhaps a gate (N, ..., k) -> (N, ..., C), the sum of
/// each token's rows (times their gates).
class CombineOp : public graph::Op {
 public:
  std::string_view name() const override { return "Combine"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
};

/// rows, place, dy (N, ..., C) -> products (N, ..., k) of dy with each token's rows: the gradient
/// by the gate.
class GateGradOp : public graph::Op {
 public:
  std::string_view name() const override { return "GateGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
};

void route_cpu(const graph::KernelCall& call);
void choose_cpu(const graph::KernelCall& call);
void choose_grad_cpu(const graph::KernelCall& call);
void expert_share_cpu(const graph::KernelCall& call);
void dispatch_cpu(const graph::KernelCall& call);
void combine_cpu(const graph::KernelCall& call);
void gate_grad_cpu(const graph::KernelCall& call);
void route_cuda(const graph::KernelCall& call);
void choose_cuda(const graph::KernelCall& call);
void choose_grad_cuda(const graph::KernelCall& call);
void expert_share_cuda(const graph::KernelCall& call);
void dispatch_cuda(const graph::KernelCall& call);
void combine_cuda(const graph::KernelCall& call);
void gate_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
