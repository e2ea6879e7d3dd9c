#include "trials/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/fit.h"

namespace mlrun::trials {
namespace {

constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();

double score_of(const std::map<int32_t, TrialRecord>& records, int32_t id, size_t index) {
  const auto found = records.find(id);
  if (found == records.end() || found->second.status != TrialStatus::kFinished) return kNoScore;
  return found->second.test.at(index);
}

void summarize_cell(ScoreTable& table, size_t cell) {
  double sum = 0;
  for (const std::vector<double>& fold : table.by_fold) sum += fold[cell];
  const auto folds = static_cast<double>(table.by_fold.size());
  const double mean = sum / folds;
  double squares = 0;
  for (const std::vector<double>& fold : table.by_fold) {
    squares += (fold[cell] - mean) * (fold[cell] - mean);
  }
  table.mean[cell] = mean;
  table.std[cell] = std::sqrt(squares / folds);
}

void rank_cells(ScoreTable& table) {
  const auto better = [&](double a, double b) {
    if (std::isnan(a)) return false;
    if (std::isnan(b)) return true;
    return table.greater_is_better ? a > b : a < b;
  };
  for (size_t c = 0; c < table.mean.size(); ++c) {
    table.rank[c] = 1;
    for (const double other : table.mean) table.rank[c] += better(other, table.mean[c]) ? 1 : 0;
  }
}

}  // namespace

ScoreTable score_table(const Search& search, const std::map<int32_t, TrialRecord>& records,
                       size_t index) {
  ScoreTable table;
  table.name = train::score_names(search.spec).at(index);
  table.greater_is_better = train::greater_is_better(search.spec, table.name);
  const size_t cells = search.cells.size();
  table.by_fold.assign(search.folds.size(), std::vector<double>(cells, kNoScore));
  table.mean.assign(cells, kNoScore);
  table.std.assign(cells, kNoScore);
  table.rank.assign(cells, 1);
  for (const Trial& trial : search.trials) {
    table.by_fold[static_cast<size_t>(trial.fold)][static_cast<size_t>(trial.cell)] =
        score_of(records, trial.id, index);
  }
  if (table.by_fold.empty()) return table;
  for (size_t c = 0; c < cells; ++c) summarize_cell(table, c);
  rank_cells(table);
  return table;
}

size_t scoring_index(const config::ExperimentSpec& spec) {
  const std::vector<std::string> names = train::score_names(spec);
  const auto at = std::find(names.begin(), names.end(), *spec.scoring) - names.begin();
  return std::min(static_cast<size_t>(at), names.size() - 1);
}

int32_t best_cell(const Search& search, const std::map<int32_t, TrialRecord>& records) {
  const ScoreTable table = score_table(search, records, scoring_index(search.spec));
  for (size_t c = 0; c < table.rank.size(); ++c) {
    if (table.rank[c] == 1 && !std::isnan(table.mean[c])) return static_cast<int32_t>(c);
  }
  return -1;
}

std::string describe_score(const config::ExperimentSpec& spec, const std::vector<double>& test) {
  const size_t index = scoring_index(spec);
  const double value = index < test.size() ? test[index] : kNoScore;
  const std::string name = train::score_names(spec)[index];
  return std::isnan(value) ? name + " nan" : fmt::format("{} {:.4f}", name, value);
}

}  // namespace mlrun::trials
