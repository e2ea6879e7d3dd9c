// Images of other sizes: repeated, interpolated, padded, cropped.
#pragma once

#include <array>

#include "graph/op.h"

namespace mlrun::ops {

/// Every slice along `axis` (not the batch) `times` times in a row: a b -> a a b b.
class RepeatOp : public graph::Op {
 public:
  RepeatOp(int axis, int64_t times) : axis_(axis), times_(times) {}

  std::string_view name() const override { return "Repeat"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  int axis() const { return axis_; }
  int64_t times() const { return times_; }

 private:
  int axis_;
  int64_t times_;
};

/// x (for its shape), dy -> dx: sums of what was repeated.
class RepeatGradOp : public graph::Op {
 public:
  RepeatGradOp(int axis, int64_t times) : axis_(axis), times_(times) {}

  std::string_view name() const override { return "RepeatGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  int axis() const { return axis_; }
  int64_t times() const { return times_; }

 private:
  int axis_;
  int64_t times_;
};

/// x (N, H, W, C) -> (N, H FH, W FW, C), bilinear between the centres of the pixels; beyond the
/// outermost centres the outermost pixel.
class BilinearOp : public graph::Op {
 public:
  explicit BilinearOp(const std::array<int64_t, 2>& factors) : factors_(factors) {}

  std::string_view name() const override { return "Bilinear"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  const std::array<int64_t, 2>& factors() const { return factors_; }

 private:
  std::array<int64_t, 2> factors_;
};

/// x (for its shape), dy -> dx.
class BilinearGradOp : public graph::Op {
 public:
  explicit BilinearGradOp(const std::array<int64_t, 2>& factors) : factors_(factors) {}

  std::string_view name() const override { return "BilinearGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  const std::array<int64_t, 2>& factors() const { return factors_; }

 private:
  std::array<int64_t, 2> factors_;
};

/// Rows and columns added around an image, as zeros, or cut off where negative.
struct Margins {
  int64_t top = 0, bottom = 0, left = 0, right = 0;
};

/// x (N, H, W, C) -> (N, H + top + bottom, W + left + right, C).
class PadOp : public graph::Op {
 public:
  explicit PadOp(const Margins& margins) : margins_(margins) {}

  std::string_view name() const override { return "Pad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  const Margins& margins() const { return margins_; }

 private:
  Margins margins_;
};

void repeat_cpu(const graph::KernelCall& call);
void repeat_grad_cpu(const graph::KernelCall& call);
void bilinear_cpu(const graph::KernelCall& call);
void bilinear_grad_cpu(const graph::KernelCall& call);
void pad_cpu(const graph::KernelCall& call);
void repeat_cuda(const graph::KernelCall& call);
void repeat_grad_cuda(const graph::KernelCall& call);
void bilinear_cuda(const graph::KernelCall& call);
void bilinear_grad_cuda(const graph::KernelCall& call);
void pad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
