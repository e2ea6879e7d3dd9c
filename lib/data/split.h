// Which rows train and which rows test.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"

namespace mlrun::data {

struct Split {
  std::vector<int64_t> train;
  std::vector<int64_t> test;
};

/// The rows held out once (`test`), the rest (`train`), by spec.split or the source's own test
/// part. Both sorted. A data set with groups is split between groups, not within one; of windows of
/// a sequence the last are held out, whatever spec.shuffle says, here and in the splits below.
/// Throws InputError when nothing would be left to train on, or spec.stratify cannot be heeded.
Split hold_out(const Dataset& dataset, const config::HoldOutSpec& spec, uint64_t seed);

/// n_splits x n_repeats splits of `rows`, in scikit-learn's order (repeat by repeat). Without
/// shuffle they equal scikit-learn's KFold, StratifiedKFold, GroupKFold and TimeSeriesSplit row
/// for row. Throws InputError when there are fewer rows, class members or groups than folds.
std::vector<Split> cross_validation(const Dataset& dataset, const config::CvSpec& spec,
                                    std::span<const int64_t> rows, uint64_t seed);

/// The validation rows early stopping watches: `fraction` of `rows`, at random, stratified for
/// classes; by group when the data set has groups. Throws InputError at `mark` when that leaves
/// nothing to train on, or there is only one group.
Split validation_split(const Dataset& dataset, std::span<const int64_t> rows, double fraction,
                       uint64_t seed, uint32_t cell, uint32_t fold, const Mark& mark = {});

/// The same of rows in the order of time: the last.
Split last_validation_split(const Dataset& dataset, std::span<const int64_t> rows, double fraction,
                            const Mark& mark = {});

}  // namespace mlrun::data
