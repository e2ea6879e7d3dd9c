#include "trials/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "train/outputs.h"

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
std::vector<std::string> score_names(const std::vector<train::Output>& outputs, size_t width) {
  std::vector<std::string> names;
  const auto own = width - static_cast<size_t>(train::total_width(outputs));
  for (size_t k = 0; k < own; ++k) names.push_back(fmt::format("score_{}", k));
  for (const train::Output& output : outputs) {
    for (int64_t k = 0; k < output.width; ++k) {
      names.push_back(fmt::format("{}_score_{}", output.name, k));
    }
  }
  return names;
}

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
  std::vector<std::vector<float>> scores;
  const std::vector<train::Output> further = train::further_outputs(search.spec, search.dataset);
  std::vector<TargetColumns> targets = {{search.dataset, "target"}};
  for (const train::Output& output : further) {
    targets.emplace_back(*output.dataset, output.name + "_target");
  }
  for (const auto& [id, record] : records) {
    if (!is_kept(search, record, best)) continue;
    scores.resize(static_cast<size_t>(record.output_width));
    auto score = record.predictions.begin();
    for (const int64_t row : tested_rows(search, record)) {
      cells.push_back(record.trial.cell);
      folds.push_back(record.trial.fold);
      rows.push_back(row);
      for (TargetColumns& target : targets) target.add(row);
      for (std::vector<float>& column : scores) column.push_back(*score++);
    }
  }
  store::Section section{"/predictions", {}, {}, false};
  section.table.columns = {{"cell", std::move(cells)}, {"fold", std::move(folds)}, {"row", rows}};
  targets.front().move_to(section.table);
  if (scores.empty()) return section;
  const std::vector<std::string> names = score_names(further, scores.size());
  for (size_t k = 0; k < scores.size(); ++k) {
    section.table.columns.push_back({names[k], std::move(scores[k])});
  }
  for (size_t k = 1; k < targets.size(); ++k) targets[k].move_to(section.table);
  return section;
}

}  // namespace mlrun::trials
