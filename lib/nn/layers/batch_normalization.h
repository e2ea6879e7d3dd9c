#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Per channel (last axis), over all other axes: x (N, ..., C) -> the same. Training uses the
/// batch's moments and moves the running ones towards them (the variance biased, as Keras on the
/// CPU does); inference uses the running ones, and so does a layer that is not trainable. Ioffe,
/// Szegedy 2015.
struct BatchNormalization : Layer {
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
