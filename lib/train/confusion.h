// Counts of right and wrong classes, and the averages built on them.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "train/metrics.h"

namespace mlrun::train {

/// Two classes: whether the score is above the threshold. More: the greatest score, the first of
/// equal ones.
int32_t predicted_class(const Scores& scores, int64_t row);

/// One class against the rest. A ratio without a denominator is 0, as in scikit-learn.
struct ClassCounts {
  double true_positive = 0;
  double false_positive = 0;
  double false_negative = 0;

  double support() const { return true_positive + false_negative; }
  double precision() const;
  double recall() const;
  double f1() const;
};

/// Of each class, also of one that does not count.
std::vector<ClassCounts> count_classes(const Scores& scores);

enum class Average { kMacro, kMicro, kWeighted };

/// The average of `score` over the classes that occur (in the labels or the predictions) and count.
/// Without `average` that of class 1 of two classes, and kMacro of more. NaN without rows.
double averaged(const Scores& scores, std::optional<Average> average,
                const std::function<double(const ClassCounts&)>& score);

}  // namespace mlrun::train

namespace mlrun::config {

template <>
struct EnumNames<train::Average> {
  static constexpr std::array<std::pair<train::Average, const char*>, 3> kNames = {
      {{train::Average::kMacro, "macro"},
       {train::Average::kMicro, "micro"},
       {train::Average::kWeighted, "weighted"}}};
};

}  // namespace mlrun::config
