#include "nn/layers/masking.h"

#include <fmt/format.h>

#include "ops/functions.h"
#include "ops/image/image.h"

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

namespace {

// (N, T, C) -> (N, C).
ValueId pool_steps(graph::Graph& g, ValueId x, ops::Pooling kind) {
  const int64_t steps = g.shape(x)[1];
  const int64_t channels = g.shape(x)[2];
  const ValueId image = ops::reshape(g, x, Shape{kBatch, 1, steps, channels});
  return ops::reshape(g, ops::pool_all(g, image, kind), Shape{kBatch, channels});
}

// Of a mask (N, T) as it is multiplied with (N, T, C).
ValueId as_column(graph::Graph& g, ValueId mask) {
  return ops::reshape(g, mask, Shape{kBatch, g.shape(mask)[1], 1});
}

// How many steps count, (N, 1).
ValueId count_steps(graph::Graph& g, ValueId mask) {
  return ops::reduce_to(g, mask, Shape{kBatch, 1});
}

}  // namespace

ValueId sum_of_steps(Builder& b, ValueId x) {
  graph::Graph& g = b.graph();
  const ValueId mask = b.mask(x);
  const ValueId counted = mask == graph::kNoValue ? x : ops::mul(g, x, as_column(g, mask));
  const auto steps = static_cast<float>(g.shape(x)[1]);
  return ops::scale(g, pool_steps(g, counted, ops::Pooling::kAverage), steps);
}

ValueId mean_of_steps(Builder& b, ValueId x) {
  graph::Graph& g = b.graph();
  const ValueId mask = b.mask(x);
  if (mask == graph::kNoValue) return pool_steps(g, x, ops::Pooling::kAverage);
  const ValueId count = ops::unary(g, ops::Ew::kMaximumC, count_steps(g, mask), 1);
  return ops::div(g, sum_of_steps(b, x), count);
}

ValueId largest_of_steps(Builder& b, ValueId x) {
  constexpr float kFarBelow = 1e30f;
  graph::Graph& g = b.graph();
  const ValueId mask = b.mask(x);
  if (mask == graph::kNoValue) return pool_steps(g, x, ops::Pooling::kMax);
  const ValueId column = as_column(g, mask);
  const ValueId below = ops::scale(g, ops::offset(g, column, -1), kFarBelow);
  const ValueId counted = ops::add(g, ops::mul(g, x, column), below);
  const ValueId any = ops::unary(g, ops::Ew::kMinimumC, count_steps(g, mask), 1);
  return ops::mul(g, pool_steps(g, counted, ops::Pooling::kMax), any);
}

}  // namespace mlrun::nn
