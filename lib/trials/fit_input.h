// What a trial is trained on.
#pragma once

#include "train/fit.h"
#include "trials/search.h"

namespace mlrun::trials {

/// Refers to the search. Threads, checkpoint and backend are left as they are by default.
train::FitInput fit_input(const Search& search, const Trial& trial);

/// Throws InputError where the rows of a trial cannot be fitted, so that none begins.
void check_rows(const Search& search);

}  // namespace mlrun::trials
