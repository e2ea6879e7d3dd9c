#include "trials/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "train/outputs.h"
#include "trials/named_score.h"

namespace mlrun::trials {
namespace {

// Which records' predictions are stored.
bool is_kept(const Search& search, const TrialRecord& record, int32_t best) {
  if (record.predictions.empty()) return false;
  if (search.spec.predictions == config::KeepPredictions::kAll) return true;
  if (record.trial.fold == kRefitFold) return search.folds.empty();
  return record.trial.cell == best;
}

// What rows of a data set are compared with: a column `name`, or `name_0`, `name_1` of several.
class TargetColumns {
 public:
  TargetColumns(const data::Dataset& dataset, std::string name)
      : dataset_(dataset),
        name_(std::move(name)),
        columns_(static_cast<size_t>(std::max<int64_t>(width(), 1))) {}

  void add(int64_t row) {
    for (size_t k = 0; k < columns_.size(); ++k) {
      columns_[k].push_back(value(row * width() + static_cast<int64_t>(k)));
    }
  }

  void move_to(store::Table& table) {
    for (size_t k = 0; k < columns_.size(); ++k) {
      const bool alone = columns_.size() == 1;
      table.columns.push_back(
          {alone ? name_ : fmt::format("{}_{}", name_, k), std::move(columns_[k])});
    }
  }

 private:
  int64_t width() const {
    return dataset_.is_classification() ? dataset_.label_width : dataset_.target_width();
  }

  double value(int64_t at) const {
    if (dataset_.is_classification()) return dataset_.classes[at];
    return width() > 0 ? dataset_.values[at] : std::numeric_limits<double>::quiet_NaN();
  }

  const data::Dataset& dataset_;
  std::string name_;
  std::vector<std::vector<double>> columns_;
};

// "score_0", "score_1", then "mass_score_0" of further outputs: the columns of a row of
// predictions.
std::vector<std::string> prediction_names(const std::vector<train::Output>& outputs,
                                          int64_t width) {
  std::vector<std::string> names;
  const int64_t own = width - train::total_width(outputs);
  for (int64_t k = 0; k < own; ++k) names.push_back(fmt::format("score_{}", k));
  for (const train::Output& output : outputs) {
    for (int64_t k = 0; k < output.width; ++k) {
      names.push_back(fmt::format("{}_score_{}", output.name, k));
    }
  }
  return names;
}

// The scores of rows, each under its own name. Cells whose models end in another number of units
// have other names; where a row lacks one it is NaN.
class ScoreColumns {
 public:
  // `scores` are rows x names.
  void add(const std::vector<std::string>& names, std::span<const float> scores) {
    merge_names(names_, names);
    for (size_t k = 0; k < names.size(); ++k) {
      std::vector<float>& column = columns_[names[k]];
      column.resize(rows_, kAbsentScore);
      for (size_t at = k; at < scores.size(); at += names.size()) column.push_back(scores[at]);
    }
    rows_ += scores.size() / names.size();
  }

  void move_to(store::Table& table) {
    for (const std::string& name : names_) {
      columns_[name].resize(rows_, kAbsentScore);
      table.columns.push_back({name, std::move(columns_[name])});
    }
  }

 private:
  static constexpr float kAbsentScore = std::numeric_limits<float>::quiet_NaN();

  std::vector<std::string> names_;
  std::map<std::string, std::vector<float>> columns_;
  size_t rows_ = 0;
};

const std::vector<int64_t>& tested_rows(const Search& search, const TrialRecord& record) {
  if (record.trial.fold == kRefitFold) return search.hold_out.test;
  return search.folds[static_cast<size_t>(record.trial.fold)].test;
}

}  // namespace

store::Section predictions_section(const Search& search,
                                   const std::map<int32_t, TrialRecord>& records, int32_t best) {
  std::vector<int32_t> cells;
  std::vector<int32_t> folds;
  std::vector<int64_t> rows;
  ScoreColumns scores;
  const std::vector<train::Output> further = train::further_outputs(search.spec, search.dataset);
  std::vector<TargetColumns> targets = {{search.dataset, "target"}};
  for (const train::Output& output : further) {
    targets.emplace_back(*output.dataset, output.name + "_target");
  }
  for (const auto& [id, record] : records) {
    if (!is_kept(search, record, best)) continue;
    scores.add(prediction_names(further, record.output_width), record.predictions);
    for (const int64_t row : tested_rows(search, record)) {
      cells.push_back(record.trial.cell);
      folds.push_back(record.trial.fold);
      rows.push_back(row);
      for (TargetColumns& target : targets) target.add(row);
    }
  }
  store::Section section{"/predictions", {}, {}, false};
  const bool any = !rows.empty();
  section.table.columns = {
      {"cell", std::move(cells)}, {"fold", std::move(folds)}, {"row", std::move(rows)}};
  targets.front().move_to(section.table);
  if (!any) return section;
  scores.move_to(section.table);
  for (size_t k = 1; k < targets.size(); ++k) targets[k].move_to(section.table);
  return section;
}

}  // namespace mlrun::trials
