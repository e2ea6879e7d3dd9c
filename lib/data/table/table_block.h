// Some rows of a table, on their way to the cache.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "data/table/dictionary.h"
#include "data/table/table_plan.h"

namespace mlrun::data {

inline constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

/// Texts are codes of the block's own dictionaries.
struct TableBlock {
  int64_t rows = 0;
  std::vector<float> features;  ///< rows x plan.features (and room for more)
  std::vector<float> values;    ///< rows x plan.targets, unless they are classes
  std::vector<int32_t> classes;
  std::vector<int32_t> groups;
  std::vector<int64_t> missing;  ///< of each feature
  std::vector<Dictionary> dictionaries;

  /// Forgets the rows, keeps the memory.
  void start(const TablePlan& plan) {
    rows = 0;
    values.clear();
    classes.clear();
    groups.clear();
    missing.assign(static_cast<size_t>(plan.features), 0);
    dictionaries.resize(static_cast<size_t>(plan.dictionaries));
    for (Dictionary& dictionary : dictionaries) dictionary.clear();
  }
};

}  // namespace mlrun::data
