#include "ops/shape/one_hot.h"

#include <fmt/format.h>

#include <algorithm>

namespace mlrun::ops {

std::vector<TensorType> OneHotOp::infer(std::span<const TensorType> inputs) const {
  if (inputs[0].shape.rank() != 1 || inputs[0].dtype != DType::kInt32) {
    throw graph::ShapeError(
        fmt::format("labels must be whole numbers (N), not {}", inputs[0].shape.to_string()));
  }
  return {{Shape{inputs[0].shape[0], classes_}, DType::kFloat32}};
}

void one_hot_cpu(const graph::KernelCall& call) {
  const Tensor& y = call.out[0];
  const int64_t classes = y.shape.back();
  std::fill_n(y.f32(), y.elements(), 0.0f);
  for (int64_t i = 0; i < call.in[0].elements(); ++i) {
    const int32_t label = call.in[0].i32()[i];
    if (label >= 0 && label < classes) y.f32()[i * classes + label] = 1;
  }
}

}  // namespace mlrun::ops
