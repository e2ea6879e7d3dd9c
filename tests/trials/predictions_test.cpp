#include "trials/predictions.h"

#include <doctest/doctest.h>

#include <fstream>

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
