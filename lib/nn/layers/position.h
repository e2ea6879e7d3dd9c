// What tells the positions of a sequence apart: x (N, T, C) -> x plus a row for each position.
#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// sin(t w^(-2 i / C)) and cos of the same, alternating. Vaswani et al. 2017.
struct PositionalEncoding : Layer {
  double max_wavelength = 10000;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// Rows that are learned.
struct PositionEmbedding : Layer {
  InitializerRef initializer = nn::initializer("RandomUniform");

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
