// The layers that an experiment can name.
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
#include "nn/layers/group_normalization.h"
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

namespace mlrun::nn {
namespace {

const config::FieldList& common_fields() {
  static const config::FieldList list =
      config::FieldListOf<Layer>("", "")
          .field("name", &Layer::name, "by which other layers can read its output")
          .field("inputs", &Layer::inputs,
                 "names of the layers it reads ('input': the data); default: the one before")
          .field("trainable", &Layer::trainable, "false: its weights stay as they start")
          .field("activity_regularizer", &Layer::activity_regularizer, "penalty on its output");
  return list;
}

// A layer's own fields come first: the first of them may stand alone.
template <class L>
void add(config::Catalog& catalog, std::vector<std::string> aliases = {}) {
  static const config::FieldList list = L::fields().with(common_fields());
  catalog.add_with_fields<L>(list, std::move(aliases));
}

}  // namespace

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
    add<GroupNormalization>(all);
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
