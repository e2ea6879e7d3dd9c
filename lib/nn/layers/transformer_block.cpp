#include "nn/layers/transformer_block.h"

#include <fmt/format.h>

#include "nn/layers/dense.h"
#include "nn/layers/layer_normalization.h"
#include "nn/layers/mixture_of_experts.h"
#include "nn/layers/multi_head_attention.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// A member of the base as one of the block L, whose field list it stands in.
template <class L, class T>
T L::*member(T TransformerBlock::*of_base) {
  return of_base;
}

template <class L>
config::FieldListOf<L> block_fields(const char* name, const char* doc) {
  using Block = TransformerBlock;
  return config::FieldListOf<L>(name, doc)
      .field("num_heads", member<L>(&Block::num_heads), "attentions side by side", config::required,
             config::count())
      .field("intermediate_dim", member<L>(&Block::intermediate_dim),
             "width of the feed-forward network", config::required, config::count())
      .field("dropout", member<L>(&Block::dropout), "in attention and before each sum",
             config::fraction())
      .field("activation", member<L>(&Block::activation), "of the feed-forward network")
      .field("layer_norm_epsilon", member<L>(&Block::layer_norm_epsilon), "added to the variance",
             config::above(0))
      .field("normalize_first", member<L>(&Block::normalize_first),
             "normalise what the parts read, not the sums")
      .field("rotary", member<L>(&Block::rotary), "rotary positions in self-attention")
      .field("experts", member<L>(&Block::experts),
             "feed-forward networks to choose from; 0: one for all",
             config::between(0, kMostExperts))
      .field("experts_per_token", member<L>(&Block::experts_per_token), "how many are chosen",
             config::count());
}

}  // namespace

ValueId TransformerBlock::normalized(Builder& b, const std::string& part, ValueId x) const {
  LayerNormalization norm;
  norm.epsilon = layer_norm_epsilon;
  return b.add(part, norm, x);
}

ValueId TransformerBlock::dropped(Builder& b, ValueId x) const {
  if (!b.training() || dropout == 0) return x;
  const ValueId random = b.random_state();
  return ops::dropout(b.graph(), x, random, static_cast<float>(dropout), b.next_salt());
}

ValueId TransformerBlock::add_attention(Builder& b, ValueId x, const Attention& attention) const {
  graph::Graph& g = b.graph();
  const int64_t width = g.shape(x).back();
  if (g.shape(x).rank() != 3 || width % num_heads != 0) {
    throw graph::ShapeError(fmt::format("needs (N, T, C), C a multiple of {} heads, not {}",
                                        num_heads, g.shape(x).to_string()));
  }
  MultiHeadAttention layer;
  layer.num_heads = num_heads;
  layer.key_dim = width / num_heads;
  layer.dropout = dropout;
  layer.causal = attention.causal;
  layer.rotary = rotary && attention.memory == graph::kNoValue;
  const std::string norm = attention.name + "_norm";
  std::vector<ValueId> read = {normalize_first ? normalized(b, norm, x) : x};
  if (attention.memory != graph::kNoValue) read.push_back(attention.memory);
  const ValueId y = b.add(attention.name, MultiHeadAttention::fields().name(), layer, read);
  const ValueId sum = ops::add(g, x, dropped(b, y));
  b.keep_mask(x, sum);  // experts do not count padding
  return normalize_first ? sum : normalized(b, norm, sum);
}

ValueId TransformerBlock::feedforward(Builder& b, ValueId x) const {
  if (experts > 0) {
    MixtureOfExperts mixture;
    mixture.experts = experts;
    mixture.experts_per_token = experts_per_token;
    mixture.intermediate_dim = intermediate_dim;
    mixture.activation = activation;
    return b.add("experts", mixture, x);
  }
  Dense hidden;
  hidden.units = intermediate_dim;
  hidden.activation = activation;
  Dense output;
  output.units = b.graph().shape(x).back();
  return b.add("feedforward_output", output, b.add("feedforward", hidden, x));
}

ValueId TransformerBlock::add_feedforward(Builder& b, ValueId x) const {
  const ValueId read = normalize_first ? normalized(b, "feedforward_norm", x) : x;
  const ValueId sum = ops::add(b.graph(), x, dropped(b, feedforward(b, read)));
  return normalize_first ? sum : normalized(b, "feedforward_norm", sum);
}

const config::FieldList& TransformerEncoder::fields() {
  static const config::FieldList list =
      block_fields<TransformerEncoder>("TransformerEncoder", "Self-attention and feed-forward.")
          .field("causal", &TransformerEncoder::causal, "see earlier positions only");
  return list;
}

ValueId TransformerEncoder::build(Builder& b, ValueId x) const {
  return add_feedforward(b, add_attention(b, x, {"attention", causal}));
}

const config::FieldList& TransformerDecoder::fields() {
  static const config::FieldList list = block_fields<TransformerDecoder>(
      "TransformerDecoder",
      "Causal self-attention, attention to the second input (if any), feed-forward.");
  return list;
}

ValueId TransformerDecoder::build_from(Builder& b, std::span<const ValueId> xs) const {
  if (xs.size() > 2) {
    throw graph::ShapeError(fmt::format("takes one input or two, not {}", xs.size()));
  }
  ValueId x = add_attention(b, xs[0], {"attention", true});
  if (xs.size() == 2) x = add_attention(b, x, {"cross_attention", false, xs[1]});
  return add_feedforward(b, x);
}

}  // namespace mlrun::nn
