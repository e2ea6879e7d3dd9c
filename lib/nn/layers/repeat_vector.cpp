#include "nn/layers/repeat_vector.h"

#include <fmt/format.h>

#include "ops/functions.h"
#include "ops/image/image.h"

namespace mlrun::nn {

const config::FieldList& RepeatVector::fields() {
  static const config::FieldList list =
      config::FieldListOf<RepeatVector>("RepeatVector", "Repeats its input n times as a sequence.")
          .field("n", &RepeatVector::n, "number of steps", config::required, config::count());
  return list;
}

ValueId RepeatVector::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  if (g.shape(x).rank() != 2) {
    throw graph::ShapeError(fmt::format("needs (N, C), not {}", g.shape(x).to_string()));
  }
  const ValueId step = ops::reshape(g, x, Shape{kBatch, 1, g.shape(x)[1]});
  return ops::repeat(g, step, 1, n);
}

}  // namespace mlrun::nn
