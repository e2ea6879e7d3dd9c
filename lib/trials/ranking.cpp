#include "trials/ranking.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "train/fit.h"
#include "trials/named_score.h"

namespace mlrun::trials {
namespace {

constexpr double kNoScore = std::numeric_limits<double>::quiet_NaN();

double score_of(const std::map<int32_t, TrialRecord>& records, const Trial& trial,
                const NamedScore& score) {
  const auto found = records.find(trial.id);
  if (found == records.end() || found->second.status != TrialStatus::kFinished) return kNoScore;
  return score.of(trial.cell, found->second.test);
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
                       const std::string& name) {
  ScoreTable table;
  table.name = name;
  table.greater_is_better = train::greater_is_better(search.spec, name);
  const NamedScore score(search, name);
  const size_t cells = search.cells.size();
  table.by_fold.assign(search.folds.size(), std::vector<double>(cells, kNoScore));
  table.mean.assign(cells, kNoScore);
  table.std.assign(cells, kNoScore);
  table.rank.assign(cells, 1);
  for (const Trial& trial : search.trials) {
    table.by_fold[static_cast<size_t>(trial.fold)][static_cast<size_t>(trial.cell)] =
        score_of(records, trial, score);
  }
  if (table.by_fold.empty()) return table;
  for (size_t c = 0; c < cells; ++c) summarize_cell(table, c);
  rank_cells(table);
  return table;
}

int32_t best_cell(const Search& search, const std::map<int32_t, TrialRecord>& records) {
  const ScoreTable table = score_table(search, records, *search.spec.scoring);
  for (size_t c = 0; c < table.rank.size(); ++c) {
    if (table.rank[c] == 1 && !std::isnan(table.mean[c])) return static_cast<int32_t>(c);
  }
  return -1;
}

std::string describe_score(const config::ExperimentSpec& spec, const std::vector<double>& test) {
  const size_t place = train::score_place(spec, *spec.scoring);
  const double value = place < test.size() ? test[place] : kNoScore;
  return std::isnan(value) ? *spec.scoring + " nan"
                           : fmt::format("{} {:.4f}", *spec.scoring, value);
}

}  // namespace mlrun::trials
