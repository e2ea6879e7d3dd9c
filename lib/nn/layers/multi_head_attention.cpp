#include "nn/layers/multi_head_attention.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& MultiHeadAttention::fields() {
  static const config::FieldList list =
      config::FieldListOf<MultiHeadAttention>(
          "MultiHeadAttention",
          "Each position reads from the others; with two inputs, the first "
          "from the second.")
          .field("num_heads", &MultiHeadAttention::num_heads, "attentions side by side",
                 config::required, config::count())
          .field("key_dim", &MultiHeadAttention::key_dim, "size of each head's queries and keys",
                 config::required, config::count())
          .field("value_dim", &MultiHeadAttention::value_dim,
                 "size of each head's values; default: key_dim", config::count())
          .field("dropout", &MultiHeadAttention::dropout, "fraction of the weights dropped",
                 config::fraction())
          .field("use_bias", &MultiHeadAttention::use_bias, "whether projections have a bias")
          .field("causal", &MultiHeadAttention::causal, "see earlier positions only")
          .field("rotary", &MultiHeadAttention::rotary,
                 "turn queries and keys by their position; key_dim must be even")
          .field("kernel_initializer", &MultiHeadAttention::kernel_initializer,
                 "start of the projections; of those to query, key and value as one matrix if they "
                 "read the same")
          .field("bias_initializer", &MultiHeadAttention::bias_initializer, "start of the biases");
  return list;
}

ValueId MultiHeadAttention::project(Builder& b, const std::string& part, ValueId x,
                                    int64_t units) const {
  graph::Graph& g = b.graph();
  const Shape kernel{g.shape(x).back(), units};
  const ValueId y = ops::matmul(g, x, b.weight(part + "_kernel", kernel, kernel_initializer));
  return use_bias ? ops::add(g, y, b.weight(part + "_bias", Shape{units}, bias_initializer)) : y;
}

ValueId MultiHeadAttention::build_from(Builder& b, std::span<const ValueId> xs) const {
  graph::Graph& g = b.graph();
  if (xs.size() > 2) {
    throw graph::ShapeError(fmt::format("takes one input or two, not {}", xs.size()));
  }
  for (const ValueId x : xs) {
    if (g.shape(x).rank() != 3) {
      throw graph::ShapeError(fmt::format("needs (N, T, C), not {}", g.shape(x).to_string()));
    }
  }
  ops::AttentionOptions o;
  o.heads = num_heads;
  o.key_dim = key_dim;
  o.value_dim = value_dim.value_or(key_dim);
  o.cross = xs.size() == 2;
  o.causal = causal;
  o.training = b.training();
  if (b.training() && dropout > 0) {
    o.dropout = static_cast<float>(dropout);
    o.salt = b.next_salt();
  }
  const int64_t keys = capped_product(num_heads, key_dim);
  const int64_t values = capped_product(num_heads, o.value_dim);
  std::vector<ValueId> tokens;
  if (o.cross) {
    tokens = {project(b, "query", xs[0], keys), project(b, "key_value", xs[1], keys + values)};
    if (rotary) {
      for (ValueId& t : tokens) t = ops::rotary(g, t, num_heads, key_dim);
    }
  } else {
    tokens = {project(b, "query_key_value", xs[0], 2 * keys + values)};
    if (rotary) tokens[0] = ops::rotary(g, tokens[0], 2 * num_heads, key_dim);
  }
  const ValueId mask = b.mask(xs.back());
  o.masked = mask != graph::kNoValue;
  const ValueId random = o.dropout > 0 ? b.random_state() : graph::kNoValue;
  const ValueId y = ops::attention(g, tokens, o, mask, random);
  return project(b, "output", y, g.shape(xs[0]).back());
}

}  // namespace mlrun::nn
