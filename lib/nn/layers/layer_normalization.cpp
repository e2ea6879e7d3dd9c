#include "nn/layers/layer_normalization.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& LayerNormalization::fields() {
  static const config::FieldList list =
      config::FieldListOf<LayerNormalization>("LayerNormalization",
                                              "Zero mean and unit variance per sample.")
          .field("epsilon", &LayerNormalization::epsilon, "added to the variance", config::above(0))
          .field("center", &LayerNormalization::center, "whether a shift is learned")
          .field("scale", &LayerNormalization::scale, "whether a factor is learned");
  return list;
}

ValueId LayerNormalization::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape channels{g.shape(x).back()};
  const ValueId gamma = b.weight("gamma", channels, initializer("Ones"), {scale, {}});
  const ValueId beta = b.weight("beta", channels, initializer("Zeros"), {center, {}});
  return ops::layer_norm(g, x, gamma, beta, static_cast<float>(epsilon));
}

}  // namespace mlrun::nn
