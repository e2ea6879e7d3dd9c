// A list of layers as a graph.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "nn/layer.h"

namespace mlrun::nn {

/// One row of the layer table.
struct LayerSummary {
  std::string name;  ///< "dense_1"
  std::string type;  ///< "Dense"
  Shape output;
  int64_t parameters = 0;  ///< trainable and not
  double flops = 0;        ///< per sample, forward
};

/// Builds the layers one after the other on `x`. A layer that does not fit is reported at its
/// position in the experiment file, and the result is kNoValue. Layers are named as Keras does:
/// the type in snake_case, then _1, _2, ... for further ones.
ValueId build_sequential(Builder& builder, std::span<const config::Ref<config::LayerKind>> layers,
                         ValueId x, Diagnostics& diagnostics,
                         std::vector<LayerSummary>* summary = nullptr);

}  // namespace mlrun::nn
