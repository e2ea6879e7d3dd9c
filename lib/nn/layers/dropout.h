#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// In training, sets a fraction of the inputs to 0 and scales the rest by 1 / (1 - rate); else
/// nothing. Srivastava et al. 2014. Any shape.
struct Dropout : Layer {
  double rate = 0.5;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
