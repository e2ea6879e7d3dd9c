#include "data/generators/regression.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mlrun::data {
namespace {

// Steps of the generators' stream.
enum Step : uint64_t { kShuffleRows, kNoise, kFeatures, kCoefficients, kShuffleColumns };

}  // namespace

const config::FieldList& MakeRegression::fields() {
  using T = MakeRegression;
  static const config::FieldList list =
      config::FieldListOf<T>("make_regression", "A linear function of normal features.")
          .field("n_samples", &T::n_samples, "number of rows", config::count())
          .field("n_features", &T::n_features, "number of features", config::count())
          .field("n_informative", &T::n_informative, "features with a coefficient",
                 config::at_least(0))
          .field("n_targets", &T::n_targets, "number of targets", config::count())
          .field("bias", &T::bias, "constant term")
          .field("noise", &T::noise, "standard deviation", config::at_least(0))
          .field("shuffle", &T::shuffle, "rows and features in random order");
  return list;
}

GeneratedTable MakeRegression::generate(const PhiloxStream& stream) const {
  GeneratedTable table = values_table(n_samples, n_features, n_targets);
  for (size_t i = 0; i < table.features.size(); ++i) {
    table.features[i] = stream.normal(kFeatures, i);
  }
  const int64_t informative = std::min(n_informative, n_features);
  for (int64_t r = 0; r < n_samples; ++r) {
    for (int64_t t = 0; t < n_targets; ++t) {
      double sum = bias;
      for (int64_t c = 0; c < informative; ++c) {
        const auto at = static_cast<uint64_t>(c * n_targets + t);
        sum += 100 * static_cast<double>(stream.uniform(kCoefficients, at)) *
               static_cast<double>(table.row(r)[c]);
      }
      table.values[static_cast<size_t>(r * n_targets + t)] = static_cast<float>(sum);
    }
  }
  add_noise(table.values, noise, stream, kNoise);
  if (shuffle) {
    shuffle_rows(table, stream, kShuffleRows);
    shuffle_columns(table, stream, kShuffleColumns);
  }
  return table;
}

const config::FieldList& MakeFriedman1::fields() {
  using T = MakeFriedman1;
  static const config::FieldList list =
      config::FieldListOf<T>("make_friedman1", "Friedman's first regression problem.")
          .field("n_samples", &T::n_samples, "number of rows", config::count())
          .field("n_features", &T::n_features, "number of features; five matter", config::count(5))
          .field("noise", &T::noise, "standard deviation", config::at_least(0));
  return list;
}

GeneratedTable MakeFriedman1::generate(const PhiloxStream& stream) const {
  GeneratedTable table = values_table(n_samples, n_features, 1);
  for (size_t i = 0; i < table.features.size(); ++i) {
    table.features[i] = stream.uniform(kFeatures, i);
  }
  for (int64_t r = 0; r < n_samples; ++r) {
    const float* x = table.row(r);
    const double wave =
        10 * std::sin(std::numbers::pi * static_cast<double>(x[0]) * static_cast<double>(x[1]));
    const double bowl = 20 * std::pow(static_cast<double>(x[2]) - 0.5, 2);
    table.values[static_cast<size_t>(r)] = static_cast<float>(wave + bowl) + 10 * x[3] + 5 * x[4];
  }
  add_noise(table.values, noise, stream, kNoise);
  return table;
}

}  // namespace mlrun::data
