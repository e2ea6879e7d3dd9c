// Pre-training by hidden tokens and what goes on from it, in its small and fast form.
#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "config/load.h"
#include "store/model_file.h"
#include "train/device_check.h"
#include "train/experiment_file.h"

using namespace mlrun;
using test::changed;
using test::input_of;

namespace {

constexpr const char* kEncoder = R"(
  - Embedding: {input_dim: 14, output_dim: 16, mask_zero: true, name: tokens}
  - PositionEmbedding: {name: positions}
  - TransformerEncoder: {num_heads: 2, intermediate_dim: 16, name: encoder}
)";

constexpr const char* kPretrain = R"(
name: pretrain
seed: 4
dataset:
  source: ./a.txt
  format: documents
  masked_lm: {}
  tokens: {TOKENS: {vocabulary: 14}}
  length: 10
  split: {test: 0.2}
model:ENCODER
  - Dense: {units: 14, name: guess}
train:
  loss: {sparse_categorical_crossentropy: {from_logits: true, ignore_class: 0}}
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 32
  epochs: 25
)";

constexpr const char* kTune = R"(
name: tune
seed: 4
dataset:
  source: ./a.txt
  format: documents
  tokens: {of_model: model.h5}
  length: 10
  split: {test: 0.2, stratify: true}
model:ENCODER
  - GlobalAveragePooling1D
  - Dense: {units: 1, activation: sigmoid, name: class}
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 32
  epochs: 5
  metrics: [accuracy]
  initial_weights: model.h5
)";

trials::Search prepare_encoder(const ScratchFolder& folder, const std::string& yaml) {
  return test::prepare(folder, changed(yaml, "ENCODER", kEncoder));
}

// Every word comes four times, so that a hidden one is known from its neighbours.
void write_documents(const ScratchFolder& folder) {
  std::ofstream file(folder / "a.txt");
  const char* words[] = {"aa", "bb", "cc", "dd", "ee", "ff"};
  for (int i = 0; i < 240; ++i) {
    file << i % 2;
    for (int k = 0; k < 4 + i % 3; ++k) file << " " << words[i % 6];
    file << "\n";
  }
}

}  // namespace

TEST_CASE("masked tokens: an encoder tells them, and a classifier goes on from it") {
  const ScratchFolder folder;
  write_documents(folder);
  const trials::Search search = prepare_encoder(folder, changed(kPretrain, "TOKENS", "words"));
  train::FitResult result = fit(input_of(search));
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(result.model.vocabulary.at(1) == "<mask>");
  CHECK(result.history.front().training[0] > 1.5);
  CHECK(result.test[0] < 0.5);
  CHECK(fit(input_of(search, 3)).model.weights == result.model.weights);
  test::check_on_device(input_of(search), result);

  result.model.config = config::dump_experiment(search.cells[0].spec);
  store::write_model(folder / "model.h5", result.model);
  const trials::Search tuning = prepare_encoder(folder, kTune);
  CHECK(tuning.dataset.token_count == 9);
  const train::FitResult tuned = fit(input_of(tuning));
  CHECK(tuned.model.vocabulary == result.model.vocabulary);
  CHECK(tuned.test[1] == 1);
  test::check_on_device(input_of(tuning), tuned);
  const trials::Search others =
      prepare_encoder(folder, changed(kTune, "{of_model: model.h5}", "{words: {vocabulary: 14}}"));
  CHECK_THROWS_WITH_AS(fit(input_of(others)),
                       doctest::Contains("the initial weights are of other tokens than the data"),
                       InputError);
}

TEST_CASE("masked tokens: of byte pairs") {
  const ScratchFolder folder;
  write_documents(folder);
  const train::FitResult result =
      fit(input_of(prepare_encoder(folder, changed(kPretrain, "TOKENS", "byte_pairs"))));
  CHECK(result.status == train::FitStatus::kFinished);
  CHECK(result.test[0] < result.history.front().training[0]);
}
