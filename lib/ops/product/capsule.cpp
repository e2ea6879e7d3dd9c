#include "ops/product/capsule.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "graph/graph.h"

namespace mlrun::ops {

using graph::ValueId;

std::vector<TensorType> CapsuleProductOp::infer(std::span<const TensorType> inputs) const {
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  bool fits = false;
  Shape result;
  switch (result_) {
    case CapsuleProduct::kPoses:
      fits = a.rank() == 3 && b.rank() == 4 && a[1] == b[1] && a[2] == b[2];
      if (fits) result = Shape{b[0], b[2], b[3]};
      break;
    case CapsuleProduct::kCoupling:
      fits = a.rank() == 4 && b.rank() == 3 && a[2] == b[1] && a[3] == b[2];
      if (fits) result = Shape{a[0], a[1], a[2]};
      break;
    case CapsuleProduct::kVotes:
      fits = a.rank() == 3 && b.rank() == 3 && a[2] == b[1];
      if (fits) result = Shape{a[0], a[1], a[2], b[2]};
      break;
  }
  if (!fits) {
    throw graph::ShapeError(
        fmt::format("{} and {} are not of the same capsules", a.to_string(), b.to_string()));
  }
  return {{result, DType::kFloat32}};
}

void CapsuleProductOp::gradient(graph::GradientRule& rule) const {
  const ValueId a = rule.inputs[0];
  const ValueId b = rule.inputs[1];
  const ValueId dy = rule.output_grads[0];
  const auto product = [&](CapsuleProduct result, ValueId x, ValueId y) {
    return rule.graph.apply(std::make_shared<CapsuleProductOp>(result), {x, y});
  };
  const auto set = [&](size_t input, CapsuleProduct result, ValueId x, ValueId y) {
    if (rule.wanted[input]) rule.input_grads[input] = product(result, x, y);
  };
  switch (result_) {
    case CapsuleProduct::kPoses:
      set(0, CapsuleProduct::kCoupling, b, dy);
      set(1, CapsuleProduct::kVotes, a, dy);
      break;
    case CapsuleProduct::kCoupling:
      set(0, CapsuleProduct::kVotes, dy, b);
      set(1, CapsuleProduct::kPoses, dy, a);
      break;
    case CapsuleProduct::kVotes:
      set(0, CapsuleProduct::kCoupling, dy, b);
      set(1, CapsuleProduct::kPoses, a, dy);
      break;
  }
}

graph::Cost CapsuleProductOp::cost(std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const Shape& y = outputs[0].shape;
  const double votes = std::max({static_cast<double>(inputs[0].shape.elements(batch)),
                                 static_cast<double>(inputs[1].shape.elements(batch)),
                                 static_cast<double>(y.elements(batch))});
  cost.flops = result_ == CapsuleProduct::kVotes ? votes : 2 * votes;
  return cost;
}

}  // namespace mlrun::ops
