#include "nn/layers/dropout.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& Dropout::fields() {
  static const config::FieldList list =
      config::FieldListOf<Dropout>("Dropout", "Sets a random fraction of the inputs to 0.")
          .field("rate", &Dropout::rate, "fraction dropped", config::required, config::fraction());
  return list;
}

ValueId Dropout::build(Builder& b, ValueId x) const {
  if (!b.training() || rate == 0) return x;
  return ops::dropout(b.graph(), x, b.random_state(), static_cast<float>(rate), b.next_salt());
}

}  // namespace mlrun::nn
