// The largest element, or the mean, of each window of an image; channels last.
#pragma once

#include "ops/image/convolution.h"

namespace mlrun::ops {

enum class Pooling : uint8_t { kMax, kAverage };

/// x (N, H, W, C) -> (N, OH, OW, C), windows as the axes say (without dilation). What lies outside
/// of the image counts in neither. NaN is the largest of all.
class PoolOp : public graph::Op {
 public:
  PoolOp(Pooling kind, const std::array<ConvolutionAxis, 2>& axes) : kind_(kind), axes_(axes) {}

  std::string_view name() const override { return "Pool"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  Pooling kind() const { return kind_; }
  const std::array<ConvolutionAxis, 2>& axes() const { return axes_; }

 private:
  Pooling kind_;
  std::array<ConvolutionAxis, 2> axes_;
};

/// x, y, dy -> dx. Of a maximum, the first element of the window that equals it gets dy.
class PoolGradOp : public graph::Op {
 public:
  PoolGradOp(Pooling kind, const std::array<ConvolutionAxis, 2>& axes) : kind_(kind), axes_(axes) {}

  std::string_view name() const override { return "PoolGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  Pooling kind() const { return kind_; }
  const std::array<ConvolutionAxis, 2>& axes() const { return axes_; }

 private:
  Pooling kind_;
  std::array<ConvolutionAxis, 2> axes_;
};

void pool_cpu(const graph::KernelCall& call);
void pool_grad_cpu(const graph::KernelCall& call);
void pool_cuda(const graph::KernelCall& call);
void pool_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
