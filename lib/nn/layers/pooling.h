// The largest element or the mean of windows, or of all positions, as in Keras.
#pragma once

#include "nn/layers/images.h"

namespace mlrun::nn {

/// The fields of series, or of images.
template <class Size>
struct PoolFields : Layer {
  Size pool_size = Size{2};
  std::optional<Size> strides;  ///< default: the windows do not overlap
  ops::Padding padding = ops::Padding::kValid;

 protected:
  ValueId pool(Builder& b, ValueId x, ops::Pooling kind) const;
};

using SeriesPool = PoolFields<SeriesSize>;
using ImagePool = PoolFields<ImageSize>;

struct MaxPooling1D : SeriesPool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kMax); }
};

struct MaxPooling2D : ImagePool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kMax); }
};

struct AveragePooling1D : SeriesPool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kAverage); }
};

struct AveragePooling2D : ImagePool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kAverage); }
};

/// (N, T, C) or (N, H, W, C) -> (N, C); with keepdims (N, 1, C) or (N, 1, 1, C).
template <class Size>
struct GlobalPoolFields : Layer {
  bool keepdims = false;

 protected:
  ValueId pool(Builder& b, ValueId x, ops::Pooling kind) const;
};

using GlobalSeriesPool = GlobalPoolFields<SeriesSize>;
using GlobalImagePool = GlobalPoolFields<ImageSize>;

struct GlobalMaxPooling1D : GlobalSeriesPool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kMax); }
};

struct GlobalMaxPooling2D : GlobalImagePool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kMax); }
};

struct GlobalAveragePooling1D : GlobalSeriesPool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kAverage); }
};

struct GlobalAveragePooling2D : GlobalImagePool {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override { return pool(b, x, ops::Pooling::kAverage); }
};

}  // namespace mlrun::nn
