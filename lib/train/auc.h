// Areas under curves of a score against a class.
#pragma once

#include <cstdint>

#include "train/metrics.h"

namespace mlrun::train {

/// AUC of the scores in `column` against label == `positive`, ties counted half (the Mann-Whitney
/// statistic; Fawcett 2006). NaN without both classes or with a NaN score.
double roc_auc(const Scores& scores, int64_t column, int32_t positive);

/// The same of precision over recall, as scikit-learn's average_precision_score has it: the sum,
/// over the scores from the greatest, of what recall grows by, times the precision there. NaN
/// without the class or with a NaN score.
double average_precision(const Scores& scores, int64_t column, int32_t positive);

}  // namespace mlrun::train
