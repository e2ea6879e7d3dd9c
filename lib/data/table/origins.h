// Where the numbers of a column lie, and whether float32 can tell them apart there.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "data/table/table_plan.h"

namespace mlrun::data {

/// Smallest and largest value of each feature; of one without any the smallest is the larger one.
struct FeatureRanges {
  std::vector<float> least, greatest;

  /// Forgets all values of `width` features.
  void start(size_t width);
  /// rows x width values; NaN are none.
  void see(const float* features, int64_t rows);
  void add(const FeatureRanges& more);
};

/// What is lost of the values of a target when they become float32.
struct TargetRounding {
  int64_t count = 0;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
  double mean = 0;
  double squares = 0;  ///< sum over the squared distances from the mean
  double errors = 0;   ///< sum over the squares of what rounding changes

  /// Of none before: column `target` in rows of `width`.
  void see(const std::vector<double>& values, size_t target, size_t width);
  void add(const TargetRounding& more);

  /// The root of the mean square of what rounding changes, of the standard deviation. 0 if all
  /// values are the same.
  double share() const;
  /// From one float to the next, where the values are largest.
  double step() const;
};

/// Gives an origin (see Column) to the features of numbers in `plan` that lie so far from zero that
/// float32 has less than 4096 steps over their range. Returns whether there are any. The ranges are
/// those of features without origins.
bool choose_origins(const FeatureRanges& ranges, TablePlan& plan);

}  // namespace mlrun::data
