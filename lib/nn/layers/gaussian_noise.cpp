#include "nn/layers/gaussian_noise.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& GaussianNoise::fields() {
  static const config::FieldList list =
      config::FieldListOf<GaussianNoise>("GaussianNoise", "Adds normal noise in training.")
          .field("stddev", &GaussianNoise::stddev, "standard deviation of the noise",
                 config::required, config::at_least(0));
  return list;
}

ValueId GaussianNoise::build(Builder& b, ValueId x) const {
  if (!b.augments() || stddev == 0) return x;
  return ops::add_normal(b.graph(), x, b.random_state(), static_cast<float>(stddev), b.next_salt());
}

}  // namespace mlrun::nn
