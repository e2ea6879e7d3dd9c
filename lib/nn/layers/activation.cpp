#include "nn/layers/activation.h"

namespace mlrun::nn {

const config::FieldList& ActivationLayer::fields() {
  static const config::FieldList list =
      config::FieldListOf<ActivationLayer>("Activation", "An activation on its own.")
          .field("activation", &ActivationLayer::activation, "the function", config::required);
  return list;
}

ValueId ActivationLayer::build(Builder& b, ValueId x) const {
  return activate(b.graph(), activation, x);
}

}  // namespace mlrun::nn
