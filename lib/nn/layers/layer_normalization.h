#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Per sample over the last axis: x (N, ..., C) -> the same. Ba, Kiros, Hinton 2016.
struct LayerNormalization : Layer {
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
