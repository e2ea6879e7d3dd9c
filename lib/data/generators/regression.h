// Targets that are a known function of the features.
#pragma once

#include "data/generator.h"

namespace mlrun::data {

/// A linear function of `n_informative` normal features, with coefficients up to 100.
struct MakeRegression : Generator {
  int64_t n_samples = 100;
  int64_t n_features = 100;
  int64_t n_informative = 10;
  int64_t n_targets = 1;
  double bias = 0;
  double noise = 0;
  bool shuffle = true;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

/// y = 10 sin(pi x0 x1) + 20 (x2 - 0.5)^2 + 10 x3 + 5 x4 + noise, features uniform in [0, 1).
/// Friedman: "Multivariate adaptive regression splines", Annals of Statistics 19 (1991).
struct MakeFriedman1 : Generator {
  int64_t n_samples = 100;
  int64_t n_features = 10;
  double noise = 0;
  static const config::FieldList& fields();
  GeneratedTable generate(const PhiloxStream& stream) const override;
};

}  // namespace mlrun::data
