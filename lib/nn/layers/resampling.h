// Larger and smaller images, as in Keras.
#pragma once

#include "nn/layers/images.h"

namespace mlrun::nn {

/// (N, T, C) -> (N, T size, C): each step repeated.
struct UpSampling1D : Layer {
  int64_t size = 2;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

enum class Interpolation : uint8_t { kNearest, kBilinear };

/// (N, H, W, C) -> (N, H size, W size, C).
struct UpSampling2D : Layer {
  ImageSize size = {2};
  Interpolation interpolation = Interpolation::kNearest;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// One number for all sides, [height, width], or [[top, bottom], [left, right]].
using Sides = std::vector<std::vector<int64_t>>;

/// Zeros around an image.
struct ZeroPadding2D : Layer {
  Sides padding = {{1}};

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// An image without its borders.
struct Cropping2D : Layer {
  Sides cropping = {{0}};

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::Interpolation> {
  static constexpr std::array<std::pair<nn::Interpolation, const char*>, 2> kNames = {
      {{nn::Interpolation::kNearest, "nearest"}, {nn::Interpolation::kBilinear, "bilinear"}}};
};

}  // namespace mlrun::config
