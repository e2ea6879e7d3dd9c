// The layers of an experiment as a graph.
#pragma once

#include <span>
#include <string>

#include "nn/layer.h"

namespace mlrun::nn {

/// A layer that is an output of the model besides the last one.
struct WantedLayer {
  std::string name;
  Mark mark;  ///< where it was asked for
  ValueId value = graph::kNoValue;
};

/// Builds the layers in order; the last one's output is the model's, and the values of `wanted` are
/// filled in. Each reads the layers named in its `inputs` ("input" is `x`), or else the one before.
/// Names default as in Keras: the type in snake_case, then _1, _2, ... for further ones, as far as
/// no layer was given them. Layers that do not fit, names that are unknown, taken or no paths in a
/// model file, and outputs that nothing reads are reported at their positions in the experiment
/// file, and the result is kNoValue.
ValueId build_model(Builder& builder, std::span<const config::Ref<config::LayerKind>> layers,
                    ValueId x, std::span<WantedLayer> wanted, Diagnostics& diagnostics);

}  // namespace mlrun::nn
