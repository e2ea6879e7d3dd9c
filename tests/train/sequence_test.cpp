// Experiments on sequences from the file to the scores, in their small and fast forms.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "data/split.h"
#include "train/device_check.h"
#include "train/experiment_file.h"

using namespace mlrun;
using test::input_of;
using test::prepare;

namespace {

constexpr const char* kText = R"(
name: text
seed: 3
dataset:
  source: ./a.txt
  format: text
  window: 12
  split: {test: 0.2}
model:
  - Embedding: {input_dim: 6, output_dim: 8}
  - GRU: {units: 24, return_sequences: true, dropout: 0.1}
  - Dense: {units: 6, activation: softmax}
train:
  loss: sparse_categorical_crossentropy
  optimizer: {Adam: {learning_rate: 0.02}}
  batch_size: 40
  epochs: 40
  validation_split: 0.1
  metrics: [accuracy, log_loss, perplexity]
)";

constexpr const char* kSeries = R"(
name: series
seed: 3
dataset:
  source: ./a.csv
  target: y
  ignore: t
  window: 12
  standardize: true
  standardize_target: true
  split: {test: 0.2}
model:
  - LSTM: {units: 16}
  - Dense: {units: 1}
train:
  loss: mse
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 32
  epochs: 40
  metrics: [rmse]
)";

}  // namespace

TEST_CASE("sequences: a GRU learns a text, every character being counted") {
  const ScratchFolder folder;
  std::string text;
  for (int i = 0; i < 500; ++i) text += i % 3 == 0 ? "abcab-" : "cbde-";
  std::ofstream(folder / "a.txt") << text;
  const trials::Search search = prepare(folder, kText);
  const train::FitResult result = fit(input_of(search));
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(result.test[0] == doctest::Approx(result.test[2]).epsilon(1e-3));
  CHECK(result.test[3] == doctest::Approx(std::exp(result.test[2])));
  CHECK(result.test[1] > 0.7);
  CHECK(result.predictions.empty());
  const train::FitResult more_threads = fit(input_of(search, 3));
  CHECK(more_threads.test == result.test);
  CHECK(more_threads.model.weights == result.model.weights);
  test::check_on_device(input_of(search), result);
}

TEST_CASE("sequences: an LSTM forecasts better than the season before") {
  const ScratchFolder folder;
  std::ofstream file(folder / "a.csv");
  file << "t,y\n";
  const auto y = [](int t) { return 100 + 20 * std::sin(2 * 3.14159265 * t / 12.5); };
  for (int t = 0; t < 300; ++t) file << t << "," << y(t) << "\n";
  file.close();
  const trials::Search search = prepare(folder, kSeries);
  const train::FitResult result = fit(input_of(search));
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(result.output_width == 1);
  CHECK(std::abs(result.predictions.front() - 100) < 30);  // in the unit of the file
  CHECK(result.test[1] < 3.5);                             // what y[t - 12] is off by
  test::check_on_device(input_of(search), result);
}

TEST_CASE("sequences: what does not fit is said at its place") {
  const ScratchFolder folder;
  std::ofstream(folder / "a.txt") << std::string(40, 'a') + std::string(200, 'b');
  std::string yaml = kText;
  const auto error_of = [&](const std::string& from, const std::string& to) {
    std::string changed = yaml;
    changed.replace(changed.find(from), from.size(), to);
    try {
      prepare(folder, changed);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(error_of("- Dense: {units: 6", "- Dense: {units: 5")
            .find("the model must end in (N, 12, 2), one score for each of the 2 classes at every "
                  "step, not (N, 12, 5)") != std::string::npos);
  CHECK(error_of("sparse_categorical_crossentropy", "binary_crossentropy")
            .find("does not go with a class for every step") != std::string::npos);
}
