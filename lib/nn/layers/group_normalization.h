#pragma once

#include "nn/layers/layer_normalization.h"

namespace mlrun::nn {

/// Per sample over all positions and the channels of a group: x (N, ..., C) -> the same, channel c
/// in group c groups / C. Wu, He 2018. As many groups as channels are instance normalisation
/// (Ulyanov et al. 2016); -1 stands for that, as in Keras.
struct GroupNormalization : LayerNormalization {
  int64_t groups = 32;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
