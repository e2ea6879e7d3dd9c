#include "nn/layers/pooling.h"

#include "nn/layers/masking.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::count;
using config::FieldList;
using config::FieldListOf;

template <class L>
FieldList window_fields(const char* name, const char* doc) {
  return FieldListOf<L>(name, doc)
      .field("pool_size", &L::pool_size, "positions of a window", count())
      .field("strides", &L::strides, "from one window to the next; default: pool_size", count())
      .field("padding", &L::padding, "same: windows may reach beyond the edge");
}

template <class L>
FieldList global_fields(const char* name, const char* doc) {
  return FieldListOf<L>(name, doc).field("keepdims", &L::keepdims,
                                         "whether the axes stay, with length 1");
}

}  // namespace

template <class Size>
ValueId PoolFields<Size>::pool(Builder& b, ValueId x, ops::Pooling kind) const {
  x = as_images<Size>(b, x);
  const ops::PoolOptions options{kind, extent("pool_size", pool_size),
                                 extent("strides", strides.value_or(pool_size)), padding};
  return from_images<Size>(b, ops::pool(b.graph(), x, options));
}

template <class Size>
ValueId GlobalPoolFields<Size>::pool(Builder& b, ValueId x, ops::Pooling kind) const {
  if constexpr (std::is_same_v<Size, SeriesSize>) {
    if (b.mask(x) != graph::kNoValue) {
      const ValueId y = kind == ops::Pooling::kMax ? largest_of_steps(b, x) : mean_of_steps(b, x);
      const int64_t channels = b.graph().shape(y).back();
      return keepdims ? ops::reshape(b.graph(), y, Shape{kBatch, 1, channels}) : y;
    }
  }
  const ValueId y = ops::pool_all(b.graph(), as_images<Size>(b, x), kind);
  if (keepdims) return from_images<Size>(b, y);
  return ops::reshape(b.graph(), y, Shape{kBatch, b.graph().shape(y).back()});
}

template struct PoolFields<SeriesSize>;
template struct PoolFields<ImageSize>;
template struct GlobalPoolFields<SeriesSize>;
template struct GlobalPoolFields<ImageSize>;

const FieldList& MaxPooling1D::fields() {
  static const FieldList list =
      window_fields<MaxPooling1D>("MaxPooling1D", "The largest of each window of a series.");
  return list;
}

const FieldList& MaxPooling2D::fields() {
  static const FieldList list =
      window_fields<MaxPooling2D>("MaxPooling2D", "The largest of each window of an image.");
  return list;
}

const FieldList& AveragePooling1D::fields() {
  static const FieldList list =
      window_fields<AveragePooling1D>("AveragePooling1D", "The mean of each window of a series.");
  return list;
}

const FieldList& AveragePooling2D::fields() {
  static const FieldList list =
      window_fields<AveragePooling2D>("AveragePooling2D", "The mean of each window of an image.");
  return list;
}

const FieldList& GlobalMaxPooling1D::fields() {
  static const FieldList list = global_fields<GlobalMaxPooling1D>(
      "GlobalMaxPooling1D",
      "The largest of each channel over the steps of a series or the nodes of a graph that count.");
  return list;
}

const FieldList& GlobalMaxPooling2D::fields() {
  static const FieldList list = global_fields<GlobalMaxPooling2D>(
      "GlobalMaxPooling2D", "The largest of each channel of an image.");
  return list;
}

const FieldList& GlobalAveragePooling1D::fields() {
  static const FieldList list = global_fields<GlobalAveragePooling1D>(
      "GlobalAveragePooling1D",
      "The mean of each channel over the steps of a series or the nodes of a graph that count.");
  return list;
}

const FieldList& GlobalAveragePooling2D::fields() {
  static const FieldList list = global_fields<GlobalAveragePooling2D>(
      "GlobalAveragePooling2D", "The mean of each channel of an image.");
  return list;
}

}  // namespace mlrun::nn
