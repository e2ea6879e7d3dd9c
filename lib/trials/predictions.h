// The scores that trials gave to the rows that they were tested on.
#pragma once

#include <cstdint>
#include <map>

#include "store/results.h"
#include "trials/record.h"
#include "trials/search.h"

namespace mlrun::trials {

/// /predictions: a row for each scored row, beside what it is compared with. Of all trials, or of
/// the cell `best`, as the experiment says; of a single training of the final fit.
store::Section predictions_section(const Search& search,
                                   const std::map<int32_t, TrialRecord>& records, int32_t best);

}  // namespace mlrun::trials
