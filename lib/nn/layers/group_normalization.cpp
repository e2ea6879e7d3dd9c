#include "nn/layers/group_normalization.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// Zero mean and unit variance over the last axis.
ValueId standardized(graph::Graph& g, ValueId x, double epsilon) {
  const Shape row{g.shape(x).back()};
  return ops::layer_norm(g, x, ops::fill(g, x, row, 1), ops::fill(g, x, row, 0),
                         static_cast<float>(epsilon));
}

}  // namespace

const config::FieldList& GroupNormalization::fields() {
  static const config::FieldList list =
      config::FieldListOf<GroupNormalization>(
          "GroupNormalization", "Zero mean and unit variance per sample and group of channels.")
          .field("groups", &GroupNormalization::groups,
                 "how many groups; they must divide the channels. -1: each channel is one")
          .with(LayerNormalization::fields());
  return list;
}

ValueId GroupNormalization::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape shape = g.shape(x);
  const int64_t channels = shape.back();
  const int64_t count = groups == -1 ? channels : groups;
  if (count < 1 || channels % count != 0) {
    throw graph::ShapeError(
        fmt::format("{} channels cannot be cut into {} groups", channels, count));
  }
  if (shape.rank() == 3 && b.mask(x) != graph::kNoValue) {
    throw graph::ShapeError(
        "would take the padding into its means; LayerNormalization has one for each step");
  }
  const int64_t places = shape.sample_elements() / channels;
  ValueId y = ops::reshape(g, x, Shape{kBatch, places, count, channels / count});
  y = ops::reshape(g, ops::permute(g, y, {2, 1, 3}),
                   Shape{kBatch, count, places * (channels / count)});
  y = ops::reshape(g, standardized(g, y, epsilon), Shape{kBatch, count, places, channels / count});
  y = ops::reshape(g, ops::permute(g, y, {2, 1, 3}), shape);
  if (scale) y = ops::mul(g, y, b.weight("gamma", Shape{channels}, initializer("Ones")));
  if (center) y = ops::add(g, y, b.weight("beta", Shape{channels}, initializer("Zeros")));
  return y;
}

}  // namespace mlrun::nn
