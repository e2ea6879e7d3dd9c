#include "ops/update/loss_scale.h"

namespace mlrun::ops {

std::vector<TensorType> UnscaleOp::infer(std::span<const TensorType> inputs) const {
  std::vector<TensorType> outputs = {{Shape{2}, DType::kFloat32}};
  for (const TensorType& gradient : inputs.subspan(kFirst)) outputs.push_back(gradient);
  return outputs;
}

}  // namespace mlrun::ops
