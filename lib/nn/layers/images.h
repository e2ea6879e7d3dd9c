// What the layers on images and series share: sizes as Keras writes them, and a series (N, T, C)
// taken for an image (N, 1, T, C).
#pragma once

#include <string_view>
#include <vector>

#include "config/codec.h"
#include "nn/layer.h"
#include "ops/image/image.h"

namespace mlrun::nn {

/// Sizes of windows, strides and the like: one number along T, or one or two of an image.
using SeriesSize = int64_t;
using ImageSize = std::vector<int64_t>;

inline ops::Extent extent(std::string_view, SeriesSize size) { return {1, size}; }

/// One number for both axes, or height and width. Throws ShapeError that names the field.
ops::Extent extent(std::string_view field, const ImageSize& sizes);

/// The input as images. Throws ShapeError that tells what to add in front.
template <class Size>
ValueId as_images(Builder& b, ValueId x);
template <>
ValueId as_images<ImageSize>(Builder& b, ValueId x);
template <>
ValueId as_images<SeriesSize>(Builder& b, ValueId x);

/// The way back, of a result (N, H, W, C).
template <class Size>
ValueId from_images(Builder& b, ValueId y);
template <>
ValueId from_images<ImageSize>(Builder& b, ValueId y);
template <>
ValueId from_images<SeriesSize>(Builder& b, ValueId y);

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<ops::Padding> {
  static constexpr std::array<std::pair<ops::Padding, const char*>, 2> kNames = {
      {{ops::Padding::kValid, "valid"}, {ops::Padding::kSame, "same"}}};
};

}  // namespace mlrun::config
