#include "train/loss_scaling.h"

#include <algorithm>

#include "ops/update/loss_scale.h"

namespace mlrun::train {

using graph::ValueId;

LossScaling add_loss_scaling(graph::Graph& g, const config::LossScaleSpec& spec,
                             const std::string& phase) {
  return {g.variable(phase + "/loss_scale", {Shape{}}),
          g.variable(phase + "/loss_scale_counts", {Shape{2}}),
          static_cast<float>(spec.initial_scale)};
}

ValueId append_unscale(graph::Graph& g, const LossScaling& scaling,
                       const config::LossScaleSpec& spec, std::span<ValueId> gradients) {
  std::vector<ValueId> inputs = {scaling.scale, scaling.counts};
  inputs.insert(inputs.end(), gradients.begin(), gradients.end());
  const ops::LossScaleSettings settings{spec.dynamic,
                                        static_cast<float>(spec.dynamic_growth_steps)};
  const std::vector<ValueId> outputs =
      g.apply_multi(std::make_shared<ops::UnscaleOp>(settings), std::move(inputs));
  std::copy(outputs.begin() + 1, outputs.end(), gradients.begin());
  return outputs[0];
}

}  // namespace mlrun::train
