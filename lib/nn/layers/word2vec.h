#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Indices (N, I + 1 + negatives), as data/pairs.h lays them out -> scores (N, 1 + negatives): the
/// products of the mean embedding of the first I words (0: none) with the context embeddings of
/// the others. Mikolov et al. 2013.
struct Word2Vec : Layer {
  int64_t vocabulary = 0;
  int64_t width = 0;
  int64_t negatives = 5;
  InitializerRef embeddings_initializer = initializer("RandomUniform");

  static const config::FieldList& fields();
  std::optional<int64_t> index_limit() const override { return vocabulary; }
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
