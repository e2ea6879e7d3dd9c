#include "nn/layers/batch_normalization.h"

#include "ops/functions.h"

namespace mlrun::nn {

const config::FieldList& BatchNormalization::fields() {
  static const config::FieldList list =
      config::FieldListOf<BatchNormalization>("BatchNormalization",
                                              "Zero mean and unit variance per channel.")
          .field("momentum", &BatchNormalization::momentum, "of the running moments",
                 config::between(0, 1))
          .field("epsilon", &BatchNormalization::epsilon, "added to the variance", config::above(0))
          .field("center", &BatchNormalization::center, "whether a shift is learned")
          .field("scale", &BatchNormalization::scale, "whether a factor is learned");
  return list;
}

ValueId BatchNormalization::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  const Shape channels{g.shape(x).back()};
  const ValueId gamma = b.weight("gamma", channels, initializer("Ones"), {scale, {}});
  const ValueId beta = b.weight("beta", channels, initializer("Zeros"), {center, {}});
  const ValueId mean = b.weight("moving_mean", channels, initializer("Zeros"), {false, {}});
  const ValueId variance = b.weight("moving_variance", channels, initializer("Ones"), {false, {}});
  const auto eps = static_cast<float>(epsilon);
  if (b.training() && !b.frozen()) {
    const ops::BatchNormResult result = ops::batch_norm(g, x, gamma, beta, eps);
    ops::update_moving_average(g, mean, result.mean, static_cast<float>(momentum));
    ops::update_moving_average(g, variance, result.variance, static_cast<float>(momentum));
    return result.y;
  }
  const ValueId deviation = ops::unary(g, ops::Ew::kSqrt, ops::offset(g, variance, eps));
  const ValueId factor = ops::div(g, gamma, deviation);
  return ops::add(g, ops::mul(g, ops::sub(g, x, mean), factor), beta);
}

}  // namespace mlrun::nn
