// Dealing positions 0..n-1 to folds, as scikit-learn 1.2 does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/philox.h"

namespace mlrun::data {

/// Random numbers of one dealing: `stream` at `step` and the steps after it.
struct FoldOrder {
  PhiloxStream stream;
  uint64_t step = 0;
};

/// The test fold of each of `count` positions: consecutive blocks, or blocks of a random order.
std::vector<int32_t> k_fold(int64_t count, int64_t folds, const std::optional<FoldOrder>& order);

/// Each class is dealt on its own, in blocks; with `order` in random order. A class needs at least
/// as many members as there are folds.
std::vector<int32_t> stratified_k_fold(std::span<const int32_t> classes, int64_t folds,
                                       const std::optional<FoldOrder>& order);

/// Whole groups: the largest first, each to the fold that is smallest so far. There must be at
/// least as many groups as folds.
std::vector<int32_t> group_k_fold(std::span<const int32_t> groups, int64_t folds);

}  // namespace mlrun::data
