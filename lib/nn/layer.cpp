#include "nn/layer.h"

#include <fmt/format.h>

#include "nn/layers/activation.h"
#include "nn/layers/augmentation.h"
#include "nn/layers/batch_normalization.h"
#include "nn/layers/bidirectional.h"
#include "nn/layers/capsule.h"
#include "nn/layers/convolution.h"
#include "nn/layers/dense.h"
#include "nn/layers/dropout.h"
#include "nn/layers/embedding.h"
#include "nn/layers/flatten.h"
#include "nn/layers/gan.h"
#include "nn/layers/gaussian_noise.h"
#include "nn/layers/graph_convolution.h"
#include "nn/layers/graph_readout.h"
#include "nn/layers/layer_normalization.h"
#include "nn/layers/masking.h"
#include "nn/layers/merge.h"
#include "nn/layers/mixture_of_experts.h"
#include "nn/layers/multi_head_attention.h"
#include "nn/layers/pooling.h"
#include "nn/layers/position.h"
#include "nn/layers/random_color.h"
#include "nn/layers/rbf.h"
#include "nn/layers/recurrent.h"
#include "nn/layers/repeat_vector.h"
#include "nn/layers/resampling.h"
#include "nn/layers/reshape.h"
#include "nn/layers/sampling.h"
#include "nn/layers/transformer.h"
#include "nn/layers/transformer_block.h"
#include "nn/layers/word2vec.h"
#include "ops/adjacency.h"

namespace mlrun::nn {

namespace {

// Adds a layer with the fields that all have, behind its own: the first may stand alone.
template <class L>
void add(config::Catalog& catalog, std::vector<std::string> aliases = {}) {
  static const config::FieldList list =
      config::FieldListOf<L>(L::fields())
          .field("name", &L::name, "by which other layers can read its output")
          .field("inputs", &L::inputs,
                 "names of the layers it reads ('input': the data); default: the one before")
          .field("trainable", &L::trainable, "false: its weights stay as they start")
          .field("activity_regularizer", &L::activity_regularizer, "penalty on its output");
  catalog.add_with_fields<L>(list, std::move(aliases));
}

}  // namespace

ValueId Layer::build(Builder&, ValueId) const {
  throw graph::ShapeError("needs several inputs; name them with 'inputs'");
}

ValueId Layer::build_from(Builder& b, std::span<const ValueId> xs) const {
  if (xs.size() == 1) return build(b, xs[0]);
  throw graph::ShapeError(fmt::format("takes one input, not {}", xs.size()));
}

ValueId Builder::add(const std::string& name, const std::string& type, const Layer& layer,
                     std::span<const ValueId> inputs) {
  const std::string outer = scope_;
  const size_t first_row = summary_.size();
  const size_t first_node = graph_.nodes().size();
  const size_t first_variable = variables_.size();
  scope_ = outer.empty() ? name : outer + "/" + name;
  const bool outer_frozen = frozen_;
  frozen_ = outer_frozen || !layer.trainable;
  const ValueId y = layer.build_from(*this, inputs);
  frozen_ = outer_frozen;
  keep_mask(inputs[0], y);
  outputs_.emplace_back(scope_, y);
  if (layer.activity_regularizer && training_) {
    penalties_.push_back(layer.activity_regularizer.as<Regularizer>().activity_penalty(graph_, y));
  }
  if (summary_.size() == first_row && !reuse_) {
    LayerSummary row{scope_, type, graph_.shape(y), 0, 0, mark_};
    for (size_t i = first_variable; i < variables_.size(); ++i) {
      row.parameters += variables_[i].shape.elements();
    }
    for (size_t i = first_node; i < graph_.nodes().size(); ++i) {
      const graph::Node& node = graph_.nodes()[i];
      if (node.op->is_view()) continue;
      row.flops += node.op->cost(graph_.types(node.inputs), graph_.types(node.outputs), 1).flops;
    }
    summary_.push_back(std::move(row));
  }
  scope_ = outer;
  return y;
}

const Nodes& Builder::nodes(ValueId x) const {
  if (!nodes_.adjacency) {
    throw graph::ShapeError(
        "needs nodes and edges: set dataset.graph, or read graphs (format: tu)");
  }
  ops::check_nodes(*nodes_.adjacency, graph_.shape(x), "the layer");
  return nodes_;
}

ValueId Builder::mask(ValueId x) const {
  const auto found = masks_.find(x);
  return found == masks_.end() ? graph::kNoValue : found->second;
}

void Builder::keep_mask(ValueId x, ValueId y) {
  const ValueId mask = this->mask(x);
  const Shape& shape = graph_.shape(y);
  if (mask == graph::kNoValue || masks_.contains(y)) return;
  if (shape.rank() >= 3 && shape[1] == graph_.shape(mask)[1]) masks_[y] = mask;
}

ValueId Builder::weight(const std::string& name, const Shape& shape,
                        const InitializerRef& initializer, const WeightOptions& options) {
  const std::string full = scope_.empty() ? name : scope_ + "/" + name;
  for (const Variable& variable : variables_) {
    if (reuse_ && variable.name == full) return variable.value;
  }
  const ValueId value = graph_.variable(full, {shape, DType::kFloat32});
  variables_.push_back({full, shape, options.trainable && !frozen_, initializer, value});
  if (options.regularizer && training_ && !frozen_) {
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
    add<ActivationLayer>(all);
    add<Add>(all);
    add<Average>(all);
    add<AveragePooling1D>(all);
    add<AveragePooling2D>(all);
    add<BatchNormalization>(all);
    add<Bidirectional>(all);
    add<Capsule>(all);
    add<Concatenate>(all);
    add<Conv1D>(all);
    add<Conv2D>(all);
    add<Conv2DTranspose>(all);
    add<Cropping2D>(all);
    add<Dense>(all);
    add<DepthwiseConv2D>(all);
    add<Dropout>(all);
    add<Embedding>(all);
    add<Flatten>(all);
    add<Gan>(all);
    add<GatConv>(all);
    add<GaussianNoise>(all);
    add<GcnConv>(all);
    add<GinConv>(all);
    add<GlobalAveragePooling1D>(all, {"GlobalAvgPool"});
    add<GlobalAveragePooling2D>(all);
    add<GlobalMaxPooling1D>(all, {"GlobalMaxPool"});
    add<GlobalMaxPooling2D>(all);
    add<GlobalSumPool>(all);
    add<Gru>(all);
    add<LayerNormalization>(all);
    add<Length>(all);
    add<LinkEmbedding>(all);
    add<Lstm>(all);
    add<Masking>(all);
    add<MaxPooling1D>(all);
    add<MaxPooling2D>(all);
    add<Maximum>(all);
    add<Minimum>(all);
    add<MixtureOfExperts>(all);
    add<MultiHeadAttention>(all);
    add<Multiply>(all);
    add<PositionEmbedding>(all);
    add<PositionalEncoding>(all);
    add<RandomBrightness>(all);
    add<RandomContrast>(all);
    add<RandomCrop>(all);
    add<RandomFlip>(all);
    add<RandomTranslation>(all);
    add<Rbf>(all);
    add<RepeatVector>(all);
    add<ReshapeLayer>(all);
    add<SageConv>(all);
    add<Sampling>(all);
    add<SeparableConv2D>(all);
    add<SimpleRnn>(all);
    add<Slice>(all);
    add<Subtract>(all);
    add<Transformer>(all);
    add<TransformerDecoder>(all);
    add<TransformerEncoder>(all);
    add<UpSampling1D>(all);
    add<UpSampling2D>(all);
    add<Word2Vec>(all);
    add<ZeroPadding2D>(all);
    return all;
  }();
  return catalog;
}

}  // namespace mlrun::nn
