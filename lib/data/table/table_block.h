// Some rows of a table, on their way to the cache.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "data/table/dictionary.h"
#include "data/table/origins.h"
#include "data/table/table_plan.h"

namespace mlrun::data {

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// Texts are codes of the block's own dictionaries.
struct TableBlock {
  int64_t rows = 0;
  std::vector<float> features;  ///< rows x plan.features (and room for more), less their origins
  std::vector<double> exact;    ///< rows x plan.targets, unless they are classes
  std::vector<float> values;    ///< the same, see finish()
  std::vector<int32_t> classes;
  std::vector<int32_t> groups;
  std::vector<int64_t> missing;  ///< of each feature
  FeatureRanges ranges;
  std::vector<TargetRounding> rounding;  ///< of each target that is no class
  std::vector<Dictionary> dictionaries;

  /// Forgets the rows, keeps the memory.
  void start(const TablePlan& plan) {
    rows = 0;
    exact.clear();
    classes.clear();
    groups.clear();
    ranges.start(static_cast<size_t>(plan.features));
    missing.assign(static_cast<size_t>(plan.features), 0);
    dictionaries.resize(static_cast<size_t>(plan.dictionaries));
    for (Dictionary& dictionary : dictionaries) dictionary.clear();
  }

  /// What is known when all rows are there.
  void finish(const TablePlan& plan) {
    ranges.see(features.data(), rows);
    const auto targets = static_cast<size_t>(plan.classes ? 0 : plan.targets);
    exact.resize(static_cast<size_t>(rows) * targets);  // without what a row that fails has left
    values.assign(exact.begin(), exact.end());
    rounding.assign(plan.any_target ? 0 : targets, {});
    for (size_t k = 0; k < rounding.size(); ++k) rounding[k].see(exact, k, targets);
  }
};

}  // namespace mlrun::data
