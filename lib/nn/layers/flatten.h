#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// (N, ...) -> (N, product of the rest).
struct Flatten : Layer {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
