// The layers of an experiment as a graph.
#pragma once

#include <span>

#include "nn/layer.h"

namespace mlrun::nn {

/// Builds the layers in order; the last one's output is the model's. Each reads the layers named in
/// its `inputs` ("input" is `x`), or else the one before. Names default as in Keras: the type in
/// snake_case, then _1, _2, ... for further ones. Layers that do not fit, names that are unknown
/// or taken, and outputs that nothing reads are reported at their positions in the experiment
/// file, and the result is kNoValue.
ValueId build_model(Builder& builder, std::span<const config::Ref<config::LayerKind>> layers,
                    ValueId x, Diagnostics& diagnostics);

}  // namespace mlrun::nn
