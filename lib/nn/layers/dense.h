#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

/// y = activation(x W + b): x (N, ..., C), W (C, K), b (K) -> (N, ..., K).
struct Dense : Layer {
  int64_t units = 0;
  ActivationRef activation;
  bool use_bias = true;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef kernel_regularizer;
  RegularizerRef bias_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
