// What is allowed and yet looks like a mistake.
#pragma once

#include <string>
#include <vector>

#include "trials/search.h"

namespace mlrun::trials {

/// What the experiment allows and hardly means, a line each: folds that cut through groups or lack
/// a class, padding that is scaled before it is masked, a ranking by losses that measure different
/// things, a value that a grid has twice, texts that name the rows or are numbers with a decimal
/// comma.
std::vector<std::string> describe_doubts(const Search& search);

}  // namespace mlrun::trials
