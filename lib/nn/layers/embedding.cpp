#include "nn/layers/embedding.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Embedding::fields() {
  static const config::FieldList list =
      config::FieldListOf<Embedding>("Embedding", "One learned row per index.")
          .field("input_dim", &Embedding::input_dim, "number of indices", config::required,
                 config::count())
          .field("output_dim", &Embedding::output_dim, "length of a row", config::required,
                 config::count())
          .field("embeddings_initializer", &Embedding::embeddings_initializer, "start of the rows")
          .field("embeddings_regularizer", &Embedding::embeddings_regularizer,
                 "penalty on the rows")
          .field(
              "mask_zero", &Embedding::mask_zero,
              "index 0 is padding, which recurrent layers, attention and global pooling leave out");
  return list;
}

ValueId Embedding::build(Builder& b, ValueId x) const {
  const ValueId table = b.weight("embeddings", Shape{input_dim, output_dim}, embeddings_initializer,
                                 {true, embeddings_regularizer});
  const ValueId y = ops::embedding(b.graph(), table, x);
  const bool steps = b.graph().shape(x).rank() == 2;
  if (mask_zero && steps) b.set_mask(y, ops::unary(b.graph(), ops::Ew::kGreaterC, x, 0));
  return y;
}

}  // namespace mlrun::nn
