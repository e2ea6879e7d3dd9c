#include "nn/layers/sampling.h"

#include "ops/functions.h"

namespace mlrun::nn {

using ops::Ew;

const config::FieldList& Sampling::fields() {
  static const config::FieldList list =
      config::FieldListOf<Sampling>("Sampling",
                                    "The code of a variational autoencoder: reads the mean and "
                                    "the logarithm of the variance, and adds their KL divergence "
                                    "to the loss.")
          .field("beta", &Sampling::beta, "weight of the KL divergence", config::at_least(0));
  return list;
}

ValueId Sampling::build_from(Builder& b, std::span<const ValueId> xs) const {
  graph::Graph& g = b.graph();
  if (xs.size() != 2 || g.shape(xs[0]) != g.shape(xs[1])) {
    throw graph::ShapeError(
        "needs two inputs of one shape, the mean and the logarithm of the variance; name them "
        "with 'inputs'");
  }
  const ValueId mean = xs[0];
  const ValueId log_var = xs[1];
  const ValueId eps =
      ops::add_normal(g, ops::fill_like(g, mean, 0), b.random_state(), 1, b.next_salt());
  if (b.samples_prior()) return eps;
  const ValueId spread =
      ops::add(g, ops::unary(g, Ew::kSquare, mean), ops::unary(g, Ew::kExp, log_var));
  const ValueId elements = ops::sub(g, spread, ops::offset(g, log_var, 1));
  b.add_loss_term({"kl", ops::scale(g, ops::reduce_to(g, elements, Shape{kBatch}), 0.5f),
                   static_cast<float>(beta)});
  const ValueId deviation = ops::unary(g, Ew::kExp, ops::scale(g, log_var, 0.5f));
  return ops::add(g, mean, ops::mul(g, deviation, eps));
}

}  // namespace mlrun::nn
