#include "nn/layers/batch_normalization.h"

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// Over the steps (or nodes) that count: what padding holds is in no mean.
ops::BatchNormResult masked_batch_norm(graph::Graph& g, ValueId x, ValueId mask, ValueId gamma,
                                       ValueId beta, float epsilon) {
  const Shape channels{g.shape(x).back()};
  const ValueId weight = ops::reshape(g, mask, Shape{kBatch, g.shape(x)[1], 1});
  const ValueId count = ops::unary(g, ops::Ew::kMaximumC, ops::sum(g, weight), 1);
  const auto mean_of = [&](ValueId value) {
    return ops::div(g, ops::reduce_to(g, ops::mul(g, value, weight), channels), count);
  };
  ops::BatchNormResult result;
  result.mean = mean_of(x);
  const ValueId centered = ops::sub(g, x, result.mean);
  result.variance = mean_of(ops::unary(g, ops::Ew::kSquare, centered));
  const ValueId deviation = ops::unary(g, ops::Ew::kSqrt, ops::offset(g, result.variance, epsilon));
  result.y = ops::add(g, ops::mul(g, centered, ops::div(g, gamma, deviation)), beta);
  return result;
}

}  // namespace

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
    const ValueId mask = g.shape(x).rank() == 3 ? b.mask(x) : graph::kNoValue;
    const ops::BatchNormResult result = mask == graph::kNoValue
                                            ? ops::batch_norm(g, x, gamma, beta, eps)
                                            : masked_batch_norm(g, x, mask, gamma, beta, eps);
    ops::update_moving_average(g, mean, result.mean, static_cast<float>(momentum));
    ops::update_moving_average(g, variance, result.variance, static_cast<float>(momentum));
    return result.y;
  }
  const ValueId deviation = ops::unary(g, ops::Ew::kSqrt, ops::offset(g, variance, eps));
  const ValueId factor = ops::div(g, gamma, deviation);
  return ops::add(g, ops::mul(g, ops::sub(g, x, mean), factor), beta);
}

}  // namespace mlrun::nn
