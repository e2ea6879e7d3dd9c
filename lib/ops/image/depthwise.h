// Convolution of each channel with filters of its own; channels last.
#pragma once

#include "ops/image/convolution.h"

namespace mlrun::ops {

/// As ConvolutionOp, but with one filter a channel:
///   plain        x (N, H, W, C),    w (KH, KW, C)  -> (N, OH, OW, C)
///   transposed   dy (N, OH, OW, C), w (KH, KW, C)  -> (N, H, W, C)
class DepthwiseOp : public graph::Op {
 public:
  DepthwiseOp(const std::array<ConvolutionAxis, 2>& axes, bool transposed)
      : axes_(axes), transposed_(transposed) {}

  std::string_view name() const override { return "Depthwise"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  graph::Cost cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                   int64_t batch) const override;

  const std::array<ConvolutionAxis, 2>& axes() const { return axes_; }
  bool transposed() const { return transposed_; }

 private:
  std::array<ConvolutionAxis, 2> axes_;
  bool transposed_;
};

/// x (N, H, W, C), dy (N, OH, OW, C) -> dw (KH, KW, C).
class DepthwiseWeightGradOp : public graph::Op {
 public:
  explicit DepthwiseWeightGradOp(const std::array<ConvolutionAxis, 2>& axes) : axes_(axes) {}

  std::string_view name() const override { return "DepthwiseWeightGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int64_t workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const override;
  const std::array<ConvolutionAxis, 2>& axes() const { return axes_; }

  /// Samples are summed in so many parts at most, cut by the batch alone.
  static constexpr int64_t kMaxChunks = 32;

 private:
  std::array<ConvolutionAxis, 2> axes_;
};

void depthwise_cpu(const graph::KernelCall& call);
void depthwise_weight_grad_cpu(const graph::KernelCall& call);
void depthwise_cuda(const graph::KernelCall& call);
void depthwise_weight_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
