#include "train/sample_experiment.h"

#include <fstream>

#include "scratch_folder.h"
#include "trials/search.h"

namespace mlrun::test {
namespace {

constexpr const char* kExperiment = R"(
name: sample
seed: 7
dataset:
  generate: {make_moons: {n_samples: 200, noise: 0.2}}
  standardize: true
model:
  - Dense: {units: 16, activation: relu}
  - Dropout: {rate: 0.2}
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 32
  epochs: 6
  metrics: [accuracy, auc]
)";

}  // namespace

SampleExperiment::SampleExperiment(const std::vector<std::string>& overrides) {
  const ScratchFolder folder;
  const std::filesystem::path file = folder / "sample.yaml";
  std::ofstream(file) << kExperiment;
  trials::Search search =
      trials::prepare_search({{file, overrides, {}}, trials::SearchKind::kTrain, folder / "cache"});
  spec = search.cells[0].spec;
  dataset = search.dataset;
  for (int64_t row = 0; row < dataset.rows; ++row) {
    (row < 150 ? train_rows : test_rows).push_back(row);
  }
}

train::FitInput input_of(const SampleExperiment& e) {
  return {.spec = e.spec,
          .dataset = e.dataset,
          .train_rows = e.train_rows,
          .test_rows = e.test_rows,
          .keep_model = true};
}

}  // namespace mlrun::test
