// Images changed at random in training, each anew in every step; left as they are afterwards.
#pragma once

#include <optional>

#include "nn/layers/images.h"

namespace mlrun::nn {

enum class FlipMode : uint8_t { kHorizontalAndVertical, kHorizontal, kVertical };

/// (N, H, W, C) -> (N, H, W, C): one of two images mirrored.
struct RandomFlip : Layer {
  FlipMode mode = FlipMode::kHorizontalAndVertical;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// (N, H, W, C) -> (N, height, width, C): a random part; after training the middle one.
struct RandomCrop : Layer {
  int64_t height = 0;
  int64_t width = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// (N, H, W, C) -> (N, H, W, C): shifted by whole pixels, up to a fraction of height and width.
struct RandomTranslation : Layer {
  double height_factor = 0;
  double width_factor = 0;
  ops::FillMode fill_mode = ops::FillMode::kReflect;
  double fill_value = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::FlipMode> {
  static constexpr std::array<std::pair<nn::FlipMode, const char*>, 3> kNames = {
      {{nn::FlipMode::kHorizontalAndVertical, "horizontal_and_vertical"},
       {nn::FlipMode::kHorizontal, "horizontal"},
       {nn::FlipMode::kVertical, "vertical"}}};
};

template <>
struct EnumNames<ops::FillMode> {
  static constexpr std::array<std::pair<ops::FillMode, const char*>, 4> kNames = {
      {{ops::FillMode::kConstant, "constant"},
       {ops::FillMode::kNearest, "nearest"},
       {ops::FillMode::kReflect, "reflect"},
       {ops::FillMode::kWrap, "wrap"}}};
};

}  // namespace mlrun::config
