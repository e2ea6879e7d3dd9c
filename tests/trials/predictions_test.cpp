#include "trials/predictions.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <map>

#include "scratch_folder.h"

using namespace mlrun;

namespace {

constexpr const char* kExperiment = R"(
dataset:
  source: ./table.csv
  target: [p, q]
  split: {test: 0.5, shuffle: false}
model:
  - Dense: {name: both, units: 2}
  - Dense: {name: values, inputs: [both], units: 2}
train:
  loss: mse
  outputs:
    both: {loss: mse, columns: [r, s]}
  optimizer: SGD
  epochs: 1
)";

}  // namespace

TEST_CASE("predictions: beside every column that a row is compared with") {
  const ScratchFolder folder;
  std::ofstream(folder / "table.csv") << "x,p,q,r,s\n"
                                         "0,1,2,3,4\n"
                                         "0.1,11,12,13,14\n"
                                         "0.2,21,22,23,24\n"
                                         "0.3,31,32,33,34\n";
  std::ofstream(folder / "two.yaml") << kExperiment;
  const trials::Search search = trials::prepare_search(
      {{folder / "two.yaml", {}, {}}, trials::SearchKind::kTrain, folder / "cache"});
  trials::TrialRecord record;
  record.trial.fold = trials::kRefitFold;
  record.output_width = 4;
  record.predictions = {0, 1, 2, 3, 4, 5, 6, 7};
  const store::Section section = trials::predictions_section(search, {{0, record}}, 0);
  const std::vector<std::pair<std::string, store::Column::Values>> expected = {
      {"cell", std::vector<int32_t>{0, 0}},          {"fold", std::vector<int32_t>{-1, -1}},
      {"row", std::vector<int64_t>{2, 3}},           {"target_0", std::vector<double>{21, 31}},
      {"target_1", std::vector<double>{22, 32}},     {"score_0", std::vector<float>{0, 4}},
      {"score_1", std::vector<float>{1, 5}},         {"both_score_0", std::vector<float>{2, 6}},
      {"both_score_1", std::vector<float>{3, 7}},    {"both_target_0", std::vector<double>{23, 33}},
      {"both_target_1", std::vector<double>{24, 34}}};
  REQUIRE(section.table.columns.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    INFO(expected[i].first);
    CHECK(section.table.columns[i].name == expected[i].first);
    CHECK(section.table.columns[i].values == expected[i].second);
  }
}

TEST_CASE("predictions: cells whose models end in more units than others' have further columns") {
  const ScratchFolder folder;
  std::ofstream(folder / "table.csv") << "x,p,r\n0,a,3\n0.1,b,13\n0.2,a,23\n0.3,b,33\n";
  std::ofstream(folder / "two.yaml") << R"(
dataset: {source: ./table.csv, target: p}
model:
  - Dense: {name: value, units: 1}
  - Dense: {inputs: input, units: 1}
train:
  loss: hinge
  outputs: {value: {loss: mse, columns: [r]}}
  optimizer: SGD
  epochs: 1
cv: {n_splits: 2}
predictions: all
param_grid:
  - {train.loss: [hinge]}
  - {train.loss: [{categorical_crossentropy: {from_logits: true}}], model.1.units: [2]}
)";
  const trials::Search search = trials::prepare_search(
      {{folder / "two.yaml", {}, {}}, trials::SearchKind::kGridSearch, folder / "cache"});
  const auto record_of = [](int32_t cell, std::vector<float> scores) {
    trials::TrialRecord record;
    record.trial = {0, cell, 0};
    record.output_width = static_cast<int64_t>(scores.size() / 2);  // two rows are tested
    record.predictions = std::move(scores);
    return record;
  };
  const trials::TrialRecord one = record_of(0, {1, 2, 3, 4});
  const trials::TrialRecord two = record_of(1, {11, 12, 13, 14, 15, 16});
  const store::Section section =
      trials::predictions_section(search, {{0, one}, {1, two}, {2, one}}, 0);
  std::vector<std::string> names;
  std::map<std::string, std::vector<float>> scores;
  for (const store::Column& column : section.table.columns) {
    names.push_back(column.name);
    if (const auto* values = std::get_if<std::vector<float>>(&column.values)) {
      for (const float value : *values)
        scores[column.name].push_back(std::isnan(value) ? -1 : value);
    }
  }
  CHECK(names == std::vector<std::string>{"cell", "fold", "row", "target", "score_0", "score_1",
                                          "value_score_0", "value_target"});
  using Floats = std::vector<float>;
  CHECK(scores["score_0"] == Floats{1, 3, 11, 14, 1, 3});
  CHECK(scores["score_1"] == Floats{-1, -1, 12, 15, -1, -1});
  CHECK(scores["value_score_0"] == Floats{2, 4, 13, 16, 2, 4});
}
