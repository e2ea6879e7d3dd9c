#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

/// An activation on its own: any shape.
struct ActivationLayer : Layer {
  ActivationRef activation;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
