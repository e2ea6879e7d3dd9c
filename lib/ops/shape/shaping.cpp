#include "ops/shape/shaping.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/functions.h"

namespace mlrun::ops {

std::vector<TensorType> ReshapeOp::infer(std::span<const TensorType> inputs) const {
  const Shape& from = inputs[0].shape;
  if (from.elements(1) != shape_.elements(1) || from.elements(2) != shape_.elements(2)) {
    throw graph::ShapeError(
        fmt::format("cannot reshape {} to {}", from.to_string(), shape_.to_string()));
  }
  return {{shape_, inputs[0].dtype}};
}

void ReshapeOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = reshape(rule.graph, rule.output_grads[0], rule.graph.shape(rule.inputs[0]));
}

void check_table(const Shape& shape) {
  constexpr int kMostBits = 26;
  if (shape.elements() <= int64_t{1} << kMostBits) return;
  throw graph::ShapeError(fmt::format("a table of positions of {} would be more than 2^{} numbers",
                                      shape.to_string(), kMostBits));
}

void fill_cpu(const graph::KernelCall& call) {
  const Tensor& y = call.out[0];
  std::fill_n(y.f32(), y.elements(), static_cast<const FillOp&>(call.op).value());
}

void constant_cpu(const graph::KernelCall& call) {
  const std::vector<float>& values = static_cast<const ConstantOp&>(call.op).values();
  std::copy(values.begin(), values.end(), call.out[0].f32());
}

}  // namespace mlrun::ops
