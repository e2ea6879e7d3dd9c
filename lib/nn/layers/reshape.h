#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// (N, ...) -> (N, target_shape...); one dimension may be -1.
struct ReshapeLayer : Layer {
  std::vector<int64_t> target_shape;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
