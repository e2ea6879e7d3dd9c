// Random flips and shifts of images, each sample with draws of its own.
#pragma once

#include "graph/op.h"

namespace mlrun::ops {

/// What is shown where a shifted image leaves a gap, as Keras names it.
enum class FillMode : uint8_t { kConstant, kNearest, kReflect, kWrap };

/// Row i of the result shows row i + first of the image, `first` drawn from [first_low,
/// first_high]; of a flipped one (one of two, if `flip`), row out - 1 - i does.
struct AugmentAxis {
  int64_t out = 1;
  int64_t first_low = 0;
  int64_t first_high = 0;
  bool flip = false;
};

struct AugmentSettings {
  AugmentAxis height, width;
  FillMode fill_mode = FillMode::kConstant;
  float fill_value = 0;
  uint32_t salt = 0;  ///< distinguishes the random draws of one graph
};

/// x (N, H, W, C), random state -> (N, OH, OW, C). Sample n of step s takes the four words of
/// Philox at (s, n): flip of height and width, shift of height and width.
class AugmentOp : public graph::Op {
 public:
  explicit AugmentOp(const AugmentSettings& settings) : settings_(settings) {}

  std::string_view name() const override { return "Augment"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  void gradient(graph::GradientRule& rule) const override;
  const AugmentSettings& settings() const { return settings_; }

 private:
  AugmentSettings settings_;
};

/// x (for its shape), random state, dy -> dx.
class AugmentGradOp : public graph::Op {
 public:
  explicit AugmentGradOp(const AugmentSettings& settings) : settings_(settings) {}

  std::string_view name() const override { return "AugmentGrad"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override {
    return {inputs[0]};
  }
  const AugmentSettings& settings() const { return settings_; }

 private:
  AugmentSettings settings_;
};

void augment_cpu(const graph::KernelCall& call);
void augment_grad_cpu(const graph::KernelCall& call);
void augment_cuda(const graph::KernelCall& call);
void augment_grad_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
