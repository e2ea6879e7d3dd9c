// "did you mean": the known word nearest to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mlrun {

/// Damerau-Levenshtein distance (insert, delete, replace, swap neighbours), ignoring case.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate that `word` is another name of, or nearest to it, or "" when none is near enough
/// to be a likely slip.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// "; did you mean 'units'?", or "" when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace mlrun
