// The axes of a tensor in another order.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// Axis 0 stays; axis i > 0 of the output is axis order[i - 1] of the input.
class PermuteOp : public graph::Op {
 public:
  explicit PermuteOp(std::vector<int> order) : order_(std::move(order)) {}

  std::string_view name() const override { return "Permute"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  const std::vector<int>& order() const { return order_; }

 private:
  std::vector<int> order_;
};

void permute_cpu(const graph::KernelCall& call);
void permute_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
