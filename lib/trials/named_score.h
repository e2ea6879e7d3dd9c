// Scores by their names: cells whose models differ may have other loss terms, and so other scores.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "trials/search.h"

namespace mlrun::trials {

/// Adds what is only in `more` to `all`, each name behind the one that it follows.
void merge_names(std::vector<std::string>& all, const std::vector<std::string>& more);

/// What any cell is judged by: the names of train::score_names() of all cells, in its order.
std::vector<std::string> score_names(const Search& search);

/// One score of a search, wherever a cell has it.
class NamedScore {
 public:
  NamedScore(const Search& search, std::string_view name);

  /// The one of `values`, which are the scores of a training of `cell` (TrialRecord::test,
  /// train::EpochRecord); NaN if that cell has no such score.
  double of(int32_t cell, std::span<const double> values) const;

 private:
  std::vector<size_t> places_;  ///< by cell; past the end of its scores if it has none
};

}  // namespace mlrun::trials
