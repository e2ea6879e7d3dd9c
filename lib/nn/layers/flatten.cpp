#include "nn/layers/flatten.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Flatten::fields() {
  static const config::FieldList list("Flatten", "One row per sample.");
  return list;
}

ValueId Flatten::build(Builder& b, ValueId x) const {
  return ops::reshape(b.graph(), x, Shape{kBatch, b.graph().shape(x).sample_elements()});
}

}  // namespace mlrun::nn
