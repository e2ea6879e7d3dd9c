#include "nn/layers/transformer.h"

#include <fmt/format.h>

#include "nn/layers/dense.h"
#include "nn/layers/embedding.h"
#include "nn/layers/layer_normalization.h"
#include "nn/layers/masking.h"
#include "nn/layers/mixture_of_experts.h"
#include "nn/layers/position.h"
#include "nn/layers/transformer_block.h"
#include "ops/functions.h"

namespace mlrun::nn {
namespace {

constexpr double kMostLayers = 1000;  // each is some thirty nodes of the graph

}  // namespace

const config::FieldList& Transformer::fields() {
  static const config::FieldList list =
      config::FieldListOf<Transformer>("Transformer",
                                       "A transformer, from its input to its output.")
          .field("layers", &Transformer::layers, "number of blocks",
                 config::between(1, kMostLayers))
          .field("heads", &Transformer::heads, "attentions side by side", config::count())
          .field("width", &Transformer::width, "size of a token; a multiple of heads",
                 config::count())
          .field("ff", &Transformer::ff, "width of the feed-forward networks; default: 4 width",
                 config::count())
          .field("dropout", &Transformer::dropout, "in every block and on its input",
                 config::fraction())
          .field("causal", &Transformer::causal, "see earlier positions only")
          .field("vocabulary", &Transformer::vocabulary,
                 "number of tokens; 0: the input holds vectors", config::count(0))
          .field("mask_zero", &Transformer::mask_zero,
                 "index 0 is padding, which attention and pooling leave out")
          .field("positions", &Transformer::positions, "how positions are told apart")
          .field("pooling", &Transformer::pooling, "one vector from all positions")
          .field("outputs", &Transformer::outputs,
                 "size of a last dense layer, without activation; default: vocabulary if causal, "
                 "else no such layer",
                 config::count())
          .field("activation", &Transformer::activation, "of the feed-forward networks")
          .field("normalize_first", &Transformer::normalize_first,
                 "normalise what the parts read, not the sums")
          .field("experts", &Transformer::experts,
                 "feed-forward networks to choose from; 0: one for all",
                 config::between(0, kMostExperts))
          .field("experts_per_token", &Transformer::experts_per_token, "how many are chosen",
                 config::count());
  return list;
}

ValueId Transformer::tokens(Builder& b, ValueId x) const {
  const Shape& shape = b.graph().shape(x);
  if (vocabulary > 0) {
    if (shape.rank() != 2) {
      throw graph::ShapeError(fmt::format("needs indices (N, T), not {}", shape.to_string()));
    }
    Embedding embedding;
    embedding.input_dim = vocabulary;
    embedding.output_dim = width;
    embedding.mask_zero = mask_zero;
    return b.add("embedding", embedding, x);
  }
  if (shape.rank() != 3) {
    throw graph::ShapeError(
        fmt::format("needs vectors (N, T, C), not {}; indices need a "
                    "'vocabulary'",
                    shape.to_string()));
  }
  Dense projection;
  projection.units = width;
  return b.add("projection", projection, x);
}

ValueId Transformer::pooled(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  if (pooling == TokenPooling::kNone) return x;
  const int64_t length = g.shape(x)[1];
  const Shape one{kBatch, width};
  if (pooling == TokenPooling::kMean) return mean_of_steps(b, x);
  if (pooling == TokenPooling::kLast && b.mask(x) != graph::kNoValue) {
    throw graph::ShapeError("pooling: last would take padding; use mean or first");
  }
  const int64_t at = pooling == TokenPooling::kFirst ? 0 : length - 1;
  return ops::reshape(g, ops::slice(g, x, 1, at, at + 1), one);
}

ValueId Transformer::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  x = tokens(b, x);
  if (positions == Positions::kLearned) x = b.add("positions", PositionEmbedding(), x);
  if (positions == Positions::kSinusoidal) x = b.add("positions", PositionalEncoding(), x);
  if (b.training() && dropout > 0) {
    const ValueId random = b.random_state();
    const ValueId dropped = ops::dropout(g, x, random, static_cast<float>(dropout), b.next_salt());
    b.keep_mask(x, dropped);
    x = dropped;
  }
  TransformerEncoder block;
  block.num_heads = heads;
  block.intermediate_dim = ff.value_or(4 * width);
  block.dropout = dropout;
  block.activation = activation;
  block.normalize_first = normalize_first;
  block.causal = causal;
  block.rotary = positions == Positions::kRotary;
  block.experts = experts;
  block.experts_per_token = experts_per_token;
  for (int64_t i = 0; i < layers; ++i) x = b.add(fmt::format("block_{}", i), block, x);
  if (normalize_first) {
    LayerNormalization norm;
    norm.epsilon = block.layer_norm_epsilon;
    x = b.add("norm", norm, x);
  }
  x = pooled(b, x);
  const int64_t units = outputs.value_or(causal ? vocabulary : 0);
  if (units == 0) return x;
  Dense output;
  output.units = units;
  return b.add("output", output, x);
}

}  // namespace mlrun::nn
