#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Radial basis functions, Gaussians around K centres: x (N, ..., C) -> (N, ..., K),
///   y_k = exp(-gamma_k |x - c_k|^2),   gamma_k = e^s_k / C.
/// Centres c (K, C) and log_scaled_gamma s (K) are trained with the layers behind them. Broomhead,
/// Lowe 1988 (the network); Poggio, Girosi 1990 (centres that move). The centres start as standard
/// normal numbers, where standardised features lie; gamma starts with 1 / C unless given, as that
/// of scikit-learn's rbf_kernel, so that y starts about e^-2 whatever C is. That is s = 0, to where
/// a decay of weights draws it.
struct Rbf : Layer {
  int64_t units = 0;
  std::optional<double> gamma;
  InitializerRef centers_initializer = random_normal(1);

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
