#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// x (N, C) -> (N, n, C): the same at each of n steps.
struct RepeatVector : Layer {
  int64_t n = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
