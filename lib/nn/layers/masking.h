#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Steps of x (N, T, C) that are mask_value in all features are left out by the recurrent layers
/// behind, and become 0.
struct Masking : Layer {
  double mask_value = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
