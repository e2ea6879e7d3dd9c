#include "nn/layer.h"

#include "nn/layers/activation.h"
#include "nn/layers/batch_normalization.h"
#include "nn/layers/dense.h"
#include "nn/layers/dropout.h"
#include "nn/layers/embedding.h"
#include "nn/layers/flatten.h"
#include "nn/layers/layer_normalization.h"
#include "nn/layers/reshape.h"

namespace mlrun::nn {

ValueId Builder::weight(const std::string& name, const Shape& shape,
                        const InitializerRef& initializer, const WeightOptions& options) {
  const std::string full = scope_ + "/" + name;
  const ValueId value = graph_.variable(full, {shape, DType::kFloat32});
  variables_.push_back({full, shape, options.trainable, initializer, value});
  if (options.regularizer && training_) {
    penalties_.push_back(options.regularizer.as<Regularizer>().penalty(graph_, value));
  }
  return value;
}

ValueId Builder::random_state() {
  if (random_state_ == graph::kNoValue) {
    random_state_ = graph_.input("random_state", {Shape{4}, DType::kUint32});
  }
  return random_state_;
}

const config::Catalog& layer_catalog() {
  static const config::Catalog catalog = [] {
    config::Catalog all("layer");
    all.add<ActivationLayer>();
    all.add<BatchNormalization>();
    all.add<Dense>();
    all.add<Dropout>();
    all.add<Embedding>();
    all.add<Flatten>();
    all.add<LayerNormalization>();
    all.add<ReshapeLayer>();
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::nn
