// The colours of images changed at random in training, each image anew in every step.
#pragma once

#include "nn/layers/images.h"

namespace mlrun::nn {

/// (N, H, W, C) -> (N, H, W, C), cut to value_range (low, high): all values of an image moved by
/// one number, drawn from [-factor, factor] times high - low.
struct RandomBrightness : Layer {
  double factor = 0;
  std::vector<double> value_range = {0, 1};

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// The same with the differences from the image's mean times a number from [1 - factor, 1 +
/// factor]. One mean for all channels, as torchvision has it; Keras takes one for each.
struct RandomContrast : Layer {
  double factor = 0;
  std::vector<double> value_range = {0, 1};

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
