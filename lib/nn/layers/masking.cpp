#include "nn/layers/masking.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Masking::fields() {
  static const config::FieldList list =
      config::FieldListOf<Masking>("Masking", "Leaves out the steps that are only padding.")
          .field("mask_value", &Masking::mask_value, "what all features of such a step are");
  return list;
}

ValueId Masking::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape& shape = g.shape(x);
  if (shape.rank() != 3) {
    throw graph::ShapeError(fmt::format("needs (N, T, C), not {}", shape.to_string()));
  }
  const int64_t steps = shape[1];
  const ValueId distance =
      ops::unary(g, ops::Ew::kAbs, ops::offset(g, x, static_cast<float>(-mask_value)));
  const ValueId kept =
      ops::unary(g, ops::Ew::kGreaterC, ops::reduce_to(g, distance, Shape{kBatch, steps, 1}), 0);
  const ValueId y = ops::mul(g, x, kept);
  b.set_mask(y, ops::reshape(g, kept, Shape{kBatch, steps}));
  return y;
}

}  // namespace mlrun::nn
