#include "ops/image/resample.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::ops {

std::vector<TensorType> RepeatOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  std::vector<int64_t> dims(x.dims().begin(), x.dims().end());
  int64_t& dim = dims[static_cast<size_t>(axis_)];
  dim = capped_product(dim, times_);
  return {{Shape(dims), DType::kFloat32}};
}

void RepeatOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<RepeatGradOp>(axis_, times_),
                                         {rule.inputs[0], rule.output_grads[0]});
}

std::vector<TensorType> BilinearOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  return {{Shape{x[0], capped_product(x[1], factors_[0]), capped_product(x[2], factors_[1]), x[3]},
           DType::kFloat32}};
}

void BilinearOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<BilinearGradOp>(factors_),
                                         {rule.inputs[0], rule.output_grads[0]});
}

std::vector<TensorType> PadOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  const int64_t height = x[1] + margins_.top + margins_.bottom;
  const int64_t width = x[2] + margins_.left + margins_.right;
  if (height < 1 || width < 1) {
    throw graph::ShapeError(fmt::format("nothing is left of {}", x.to_string()));
  }
  return {{Shape{x[0], height, width, x[3]}, DType::kFloat32}};
}

void PadOp::gradient(graph::GradientRule& rule) const {
  const Margins back{-margins_.top, -margins_.bottom, -margins_.left, -margins_.right};
  rule.input_grads[0] = rule.graph.apply(std::make_shared<PadOp>(back), {rule.output_grads[0]});
}

}  // namespace mlrun::ops
