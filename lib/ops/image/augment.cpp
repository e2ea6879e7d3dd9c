#include "ops/image/augment.h"

#include <memory>

#include "graph/graph.h"

namespace mlrun::ops {

std::vector<TensorType> AugmentOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  return {{Shape{x[0], settings_.height.out, settings_.width.out, x.back()}, DType::kFloat32}};
}

void AugmentOp::gradient(graph::GradientRule& rule) const {
  if (!rule.wanted[0]) return;
  rule.input_grads[0] = rule.graph.apply(std::make_shared<AugmentGradOp>(settings_),
                                         {rule.inputs[0], rule.inputs[1], rule.output_grads[0]});
}

}  // namespace mlrun::ops
