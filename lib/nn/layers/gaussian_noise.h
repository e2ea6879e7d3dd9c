#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// In training, adds normal noise; else nothing. Any shape.
struct GaussianNoise : Layer {
  double stddev = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
