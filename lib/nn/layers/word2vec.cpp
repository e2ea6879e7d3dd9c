#include "nn/layers/word2vec.h"

#include <fmt/format.h>

#include "nn/layers/masking.h"
#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Word2Vec::fields() {
  static const config::FieldList list =
      config::FieldListOf<Word2Vec>("Word2Vec",
                                    "Scores of a word's neighbours, from dataset.pairs.")
          .field("vocabulary", &Word2Vec::vocabulary, "number of tokens", config::required,
                 config::count())
          .field("width", &Word2Vec::width, "length of an embedding", config::required,
                 config::count())
          .field("negatives", &Word2Vec::negatives, "as in dataset.pairs",
                 config::between(1, config::kMostPairs))
          .field("embeddings_initializer", &Word2Vec::embeddings_initializer,
                 "start of the embeddings; those of the neighbours start with 0");
  return list;
}

ValueId Word2Vec::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape shape = g.shape(x);
  const int64_t choices = negatives + 1;
  if (shape.rank() != 2 || shape[1] <= choices) {
    throw graph::ShapeError(
        fmt::format("needs (N, K), K more than the {} words to choose from, "
                    "not {}",
                    choices, shape.to_string()));
  }
  const int64_t given = shape[1] - choices;
  const ValueId words = ops::slice(g, x, 1, 0, given);
  const ValueId others = ops::slice(g, x, 1, given, shape[1]);
  const ValueId table = b.weight("embeddings", Shape{vocabulary, width}, embeddings_initializer);
  const ValueId context =
      b.weight("context_embeddings", Shape{vocabulary, width}, initializer("Zeros"));
  ValueId word = ops::embedding(g, table, words);
  if (given > 1) {
    b.set_mask(word, ops::unary(g, ops::Ew::kGreaterC, words, 0));
    word = mean_of_steps(b, word);
  }
  const ValueId one = ops::reshape(g, word, Shape{kBatch, 1, width});
  const ValueId scores = ops::batch_matmul(g, ops::embedding(g, context, others), one, false, true);
  return ops::reshape(g, scores, Shape{kBatch, choices});
}

}  // namespace mlrun::nn
