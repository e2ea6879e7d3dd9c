// From the scores of folds to the ranking of cells, as scikit-learn's cv_results_ has it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "trials/record.h"
#include "trials/search.h"

namespace mlrun::trials {

/// One score over the folds of each cell. NaN: the trial did not finish, or the cell has no such
/// score.
struct ScoreTable {
  std::string name;
  bool greater_is_better = true;
  std::vector<std::vector<double>> by_fold;  ///< [fold][cell]
  std::vector<double> mean;                  ///< NaN as soon as one fold is
  std::vector<double> std;                   ///< population, as numpy's default
  std::vector<int32_t> rank;                 ///< from 1; ties share the lowest; NaN last
};

/// The table of a score of score_names().
ScoreTable score_table(const Search& search, const std::map<int32_t, TrialRecord>& records,
                       const std::string& name);

/// The cell of rank 1 by spec.scoring (the first of equals), or -1 when none has a score.
int32_t best_cell(const Search& search, const std::map<int32_t, TrialRecord>& records);

/// "auc 0.7812", of a training of `spec`.
std::string describe_score(const config::ExperimentSpec& spec, const std::vector<double>& test);

}  // namespace mlrun::trials
