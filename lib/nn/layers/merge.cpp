#include "nn/layers/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "ops/functions.h"
#include "ops/image/image.h"

namespace mlrun::nn {
namespace {

void need_several(std::span<const ValueId> xs) {
  if (xs.size() < 2) throw graph::ShapeError("needs several inputs; name them with 'inputs'");
}

int positive_axis(const Shape& shape, int64_t axis) {
  const int64_t positive = axis < 0 ? axis + shape.rank() : axis;
  if (positive < 1 || positive >= shape.rank()) {
    throw graph::ShapeError(
        fmt::format("{} has no axis {} besides the batch", shape.to_string(), axis));
  }
  return static_cast<int>(positive);
}

// Axes of ones behind the batch, up to this rank.
Shape widened(const Shape& shape, int rank) {
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims.insert(dims.begin() + 1, static_cast<size_t>(rank - shape.rank()), 1);
  return Shape(dims);
}

// The shape that all inputs have, or get by repeating what they have one of.
Shape common_shape(const graph::Graph& g, std::span<const ValueId> xs) {
  Shape common = g.shape(xs[0]);
  for (const ValueId x : xs.subspan(1)) {
    const int rank = std::max(common.rank(), g.shape(x).rank());
    const Shape a = widened(common, rank);
    const Shape b = widened(g.shape(x), rank);
    std::vector<int64_t> dims{kBatch};
    for (int i = 1; i < rank; ++i) {
      if (a[i] != b[i] && a[i] != 1 && b[i] != 1) {
        throw graph::ShapeError(
            fmt::format("needs inputs of one shape, or with ones where they differ, not {} and {}",
                        common.to_string(), g.shape(x).to_string()));
      }
      dims.push_back(a[i] == 1 ? b[i] : a[i]);
    }
    common = Shape(dims);
  }
  return common;
}

ValueId broadcast(graph::Graph& g, ValueId x, const Shape& shape) {
  if (g.shape(x) == shape) return x;
  x = ops::reshape(g, x, widened(g.shape(x), shape.rank()));
  for (int axis = shape.rank() - 1; axis > 0; --axis) {
    if (g.shape(x)[axis] != shape[axis]) x = ops::repeat(g, x, axis, shape[axis]);
  }
  return x;
}

// A step is padding if it is in any input that has a mask.
ValueId common_mask(Builder& b, std::span<const ValueId> xs, int64_t steps) {
  ValueId common = graph::kNoValue;
  for (const ValueId x : xs) {
    const ValueId mask = b.mask(x);
    if (mask == graph::kNoValue || mask == common || b.graph().shape(mask)[1] != steps) continue;
    common = common == graph::kNoValue ? mask : ops::mul(b.graph(), common, mask);
  }
  return common;
}

// Of inputs one after the other: all steps of those without a mask count.
ValueId joined_mask(Builder& b, std::span<const ValueId> xs) {
  graph::Graph& g = b.graph();
  std::vector<ValueId> masks;
  bool any = false;
  for (const ValueId x : xs) {
    const ValueId mask = b.mask(x);
    any = any || mask != graph::kNoValue;
    masks.push_back(mask != graph::kNoValue ? mask
                                            : ops::fill(g, x, Shape{kBatch, g.shape(x)[1]}, 1));
  }
  return any ? ops::concat(g, masks, 1) : graph::kNoValue;
}

}  // namespace

ValueId ElementwiseMerge::build_from(Builder& b, std::span<const ValueId> xs) const {
  need_several(xs);
  graph::Graph& g = b.graph();
  const Shape shape = common_shape(g, xs);
  ValueId y = broadcast(g, xs[0], shape);
  for (const ValueId x : xs.subspan(1)) y = combine(g, y, broadcast(g, x, shape));
  y = finish(g, y, xs.size());
  b.set_mask(y, common_mask(b, xs, shape[1]));
  return y;
}

const config::FieldList& Add::fields() {
  static const config::FieldList list("Add", "The sum of its inputs.");
  return list;
}

ValueId Add::combine(graph::Graph& g, ValueId a, ValueId x) const { return ops::add(g, a, x); }

const config::FieldList& Average::fields() {
  static const config::FieldList list("Average", "The mean of its inputs.");
  return list;
}

ValueId Average::finish(graph::Graph& g, ValueId a, size_t count) const {
  return ops::scale(g, a, 1.0f / static_cast<float>(count));
}

const config::FieldList& Subtract::fields() {
  static const config::FieldList list("Subtract", "Its first input minus the others.");
  return list;
}

ValueId Subtract::combine(graph::Graph& g, ValueId a, ValueId x) const { return ops::sub(g, a, x); }

const config::FieldList& Multiply::fields() {
  static const config::FieldList list("Multiply", "The product of its inputs.");
  return list;
}

ValueId Multiply::combine(graph::Graph& g, ValueId a, ValueId x) const { return ops::mul(g, a, x); }

const config::FieldList& Maximum::fields() {
  static const config::FieldList list("Maximum", "The largest of its inputs.");
  return list;
}

ValueId Maximum::combine(graph::Graph& g, ValueId a, ValueId x) const {
  return ops::binary(g, ops::Ew::kMaximum, a, x);
}

const config::FieldList& Minimum::fields() {
  static const config::FieldList list("Minimum", "The smallest of its inputs.");
  return list;
}

ValueId Minimum::combine(graph::Graph& g, ValueId a, ValueId x) const {
  return ops::binary(g, ops::Ew::kMinimum, a, x);
}

const config::FieldList& Concatenate::fields() {
  static const config::FieldList list =
      config::FieldListOf<Concatenate>("Concatenate", "Its inputs side by side.")
          .field("axis", &Concatenate::axis, "along which; 0 is the batch");
  return list;
}

ValueId Concatenate::build_from(Builder& b, std::span<const ValueId> xs) const {
  need_several(xs);
  const int along = positive_axis(b.graph().shape(xs[0]), axis);
  const ValueId y = ops::concat(b.graph(), {xs.begin(), xs.end()}, along);
  b.set_mask(y, along == 1 ? joined_mask(b, xs) : common_mask(b, xs, b.graph().shape(y)[1]));
  return y;
}

const config::FieldList& Slice::fields() {
  static const config::FieldList list =
      config::FieldListOf<Slice>("Slice", "A part of its input: [begin, end) of one axis.")
          .field("begin", &Slice::begin, "first position; negative from the end")
          .field("end", &Slice::end, "position after the last; default: the end")
          .field("axis", &Slice::axis, "which axis; 0 is the batch");
  return list;
}

ValueId Slice::build(Builder& b, ValueId x) const {
  const Shape& shape = b.graph().shape(x);
  const int along = positive_axis(shape, axis);
  const int64_t length = shape[along];
  const auto from_start = [length](int64_t at) { return at < 0 ? at + length : at; };
  const int64_t first = from_start(begin);
  const int64_t last = from_start(end.value_or(length));
  const ValueId y = ops::slice(b.graph(), x, along, first, last);
  const ValueId mask = b.mask(x);
  if (along == 1 && mask != graph::kNoValue) {
    b.set_mask(y, ops::slice(b.graph(), mask, 1, first, last));
  }
  return y;
}

}  // namespace mlrun::nn
