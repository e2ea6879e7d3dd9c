// Rows of a table in the order of time, as windows.
#pragma once

#include "config/experiment.h"
#include "data/dataset.h"

namespace mlrun::data {

/// Row r sees the steps [r s, r s + look_back) of the table, s being the stride: the targets, which
/// a series continues from, and behind them the features of each step. Its shape is (look_back,
/// targets + features). Its targets are those of the `horizon` steps that follow.
///
/// With `may_lack_target` there are also the rows at the end whose targets, or some of them, are
/// still to come: NaN. The last one sees the end of the table, whatever the stride.
///
/// Throws InputError at spec.source_mark for targets that are classes or missing, for text columns
/// and groups, and at the window for a table that is too short for one.
Dataset window_dataset(const Dataset& table, const config::DatasetSpec& spec,
                       bool may_lack_target = false);

}  // namespace mlrun::data
