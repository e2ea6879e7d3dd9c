// numpy.argsort of numpy 1.24 with kind="quicksort".
#pragma once

#include <cstdint>
#include <vector>

namespace mlrun::data {

/// Positions in ascending order of `keys`. The order of equal keys is numpy's: GroupKFold deals
/// groups of equal size in it, so a stable sort would give other folds than scikit-learn.
std::vector<int64_t> numpy_argsort(const std::vector<int64_t>& keys);

}  // namespace mlrun::data
