#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// The code of a variational autoencoder, drawn from what the encoder says: mean (N, ...) and
/// logarithm of the variance, of one shape -> mean + e^(log_var / 2) eps, eps standard normal.
/// Adds to the loss beta times the KL divergence from the standard normal distribution,
///   kl = -1/2 sum (1 + log_var - mean^2 - e^log_var).
/// Draws in scoring as well, so that the loss there is a bound too. Kingma, Welling 2014; Higgins
/// et al. 2017 (beta).
struct Sampling : Layer {
  double beta = 1;

  static const config::FieldList& fields();
  std::vector<std::string> loss_terms() const override { return {"kl"}; }
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override;
};

}  // namespace mlrun::nn
