// Sums and means down to a smaller shape: the opposite of broadcasting.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// x -> `target`: a suffix of x's shape (sum over the leading axes), a prefix followed by ones
/// (sum over the trailing axes), or () (sum of all). With `mean`, divided by the number of
/// elements summed.
class ReduceOp : public graph::Op {
 public:
  ReduceOp(Shape target, bool mean) : target_(target), mean_(mean) {}

  std::string_view name() const override { return "Reduce"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  bool mean() const { return mean_; }

  /// Partial sums are over fixed chunks, whatever the number of threads: the result does not
  /// depend on it.
  static constexpr int64_t kMaxChunks = 64;

 private:
  Shape target_;
  bool mean_;
};

/// dy, like -> dy * elements(dy) / elements(like): what a mean passes back.
class MeanScaleOp : public graph::Op {
 public:
  std::string_view name() const override { return "MeanScale"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  void gradient(graph::GradientRule& rule) const override;
};

void reduce_cpu(const graph::KernelCall& call);
void mean_scale_cpu(const graph::KernelCall& call);
void reduce_cuda(const graph::KernelCall& call);

/// On a GPU: y, a suffix of the shape of x, = the sums of x over its leading axes, times factor.
void sum_rows_cuda(const graph::KernelCall& call, const Tensor& x, const Tensor& y, float factor);

void mean_scale_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
