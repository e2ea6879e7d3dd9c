// Area under the ROC curve.
#pragma once

#include <cstdint>

#include "train/metrics.h"

namespace mlrun::train {

/// AUC of the scores in `column` against label == `positive`, ties counted half (the Mann-Whitney
/// statistic; Fawcett 2006). NaN without both classes or with a NaN score.
double roc_auc(const Scores& scores, int64_t column, int32_t positive);

}  // namespace mlrun::train
