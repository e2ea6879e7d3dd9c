// Loss scaling: gradients in float16 do not vanish if the loss is multiplied by a large number
// first, and they by its inverse afterwards. Micikevicius et al. 2018, section 3.2.
#pragma once

#include <memory>
#include <vector>

#include "graph/op.h"
#include "ops/kernel/device_code.h"

namespace mlrun::ops {

/// With Keras' meaning (LossScaleOptimizer).
struct LossScaleSettings {
  bool dynamic = true;
  float growth_steps = 2000;
};

/// Inputs: scale float (), counts float (2) = {good steps since the scale changed, steps left
/// out}, both changed in place; then gradients of a loss that was multiplied by scale. Outputs:
/// gate float (2), see UpdateOp; then each gradient / scale.
///
/// A step is good if all gradients are finite; others are to be left out. If the scale is dynamic,
/// it is doubled after growth_steps good steps in a row, and halved, down to 1, after every other.
class UnscaleOp : public graph::Op {
 public:
  explicit UnscaleOp(const LossScaleSettings& settings) : settings_(settings) {}

  std::string_view name() const override { return "Unscale"; }
  std::vector<TensorType> infer(std::span<const TensorType> inputs) const override;
  bool mutates(int input) const override { return input < kFirst; }
  bool may_overwrite(int input, int output) const override {
    return output > 0 && input == kFirst + output - 1;
  }
  const LossScaleSettings& settings() const { return settings_; }

  static constexpr int kFirst = 2;  ///< number of the first gradient

 private:
  LossScaleSettings settings_;
};

/// What a step does to the scale and the counts.
MLRUN_DEVICE inline void count_step(const LossScaleSettings& settings, bool good, float* scale,
                                    float* counts) {
  if (!good) {
    counts[0] = 0;
    counts[1] += 1;
    if (settings.dynamic) *scale = *scale > 2 ? *scale / 2 : 1;
    return;
  }
  counts[0] += 1;
  if (!settings.dynamic || counts[0] < settings.growth_steps) return;
  constexpr float kMost = 0x1p126f;  // its double is finite
  counts[0] = 0;
  if (*scale <= kMost) *scale *= 2;
}

void unscale_cpu(const graph::KernelCall& call);
void unscale_cuda(const graph::KernelCall& call);

}  // namespace mlrun::ops
