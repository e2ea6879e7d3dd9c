#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// One learned row per index: indices (N, ...) in [0, input_dim) -> (N, ..., output_dim).
struct Embedding : Layer {
  int64_t input_dim = 0;
  int64_t output_dim = 0;
  InitializerRef embeddings_initializer = initializer("RandomUniform");
  RegularizerRef embeddings_regularizer;
  bool mask_zero = false;

  static const config::FieldList& fields();
  std::optional<int64_t> index_limit() const override { return input_dim; }
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
