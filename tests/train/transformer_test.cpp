#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "scratch_folder.h"
#include "train/device_check.h"
#include "train/experiment_file.h"
#include "train/fit.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::SampleExperiment;

namespace {

// A point of the two moons as a sequence of two numbers.
SampleExperiment moons(const std::string& options) {
  return SampleExperiment(
      {"model=[{Reshape: {target_shape: [2, 1]}}, {Transformer: {layers: 1, "
       "heads: 2, width: 8, pooling: mean, " +
           options + "}}, {Dense: {units: 1, activation: sigmoid}}]",
       "train.epochs=40", "train.optimizer={Adam: {learning_rate: 0.01}}"});
}

train::FitResult run(const SampleExperiment& e, int threads) {
  return train::fit({.spec = e.spec,
                     .dataset = e.dataset,
                     .train_rows = e.train_rows,
                     .test_rows = e.test_rows,
                     .cell = 0,
                     .fold = 0,
                     .threads = threads,
                     .keep_model = true});
}

// Rows of four tokens, the last of which may be padding, and `padding` more columns of it.
void write_tokens(const std::filesystem::path& file, int padding) {
  std::ofstream out(file);
  for (int c = 0; c < 4 + padding; ++c) out << "t" << c << ",";
  out << "y\n";
  for (int i = 0; i < 40; ++i) {
    for (int c = 0; c < 4 + padding; ++c) {
      out << (c < 1 + i % 4 ? 1 + (i * 5 + c * 3) % 7 : 0) << ",";
    }
    out << (i % 3 == 0 ? "a\n" : "b\n");
  }
}

constexpr const char* kPaddedExperts = R"(
seed: 1
dataset: {source: ./bare.csv, target: y}
model:
  - Embedding: {input_dim: 8, output_dim: 6, mask_zero: true}
  - MixtureOfExperts: {experts: 3, experts_per_token: 2, intermediate_dim: 5, balance_loss: 0.3}
  - GlobalAveragePooling1D
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: {SGD: {learning_rate: 0.3}}, epochs: 4, batch_size: 10}
)";

}  // namespace

TEST_CASE("transformer: learns two moons, with the same bits from any number of threads") {
  const SampleExperiment e = moons("dropout: 0.05, ff: 16");
  const train::FitResult one = run(e, 1);
  CHECK(one.test[2] > 0.9);
  CHECK(run(e, 3).model.weights == one.model.weights);
}

TEST_CASE("transformer: experts learn, share the tokens, and give the same bits") {
  const SampleExperiment e =
      moons("dropout: 0, ff: 16, experts: 3, experts_per_token: 2, positions: sinusoidal");
  const train::FitResult one = run(e, 1);
  CHECK(one.test[2] > 0.9);
  CHECK(run(e, 3).model.weights == one.model.weights);
  const auto share =
      std::find_if(one.model.weights.begin(), one.model.weights.end(),
                   [](const auto& array) { return array.name.ends_with("experts/expert_share"); });
  REQUIRE(share != one.model.weights.end());
  float sum = 0;
  for (const float part : share->values) {
    CHECK(part > 0.1f);
    sum += part;
  }
  // The moving average starts at 0.
  CHECK(sum > 0.8f);
  CHECK(sum <= 1.001f);
}

TEST_CASE("transformer: how experts are balanced does not depend on padding") {
  const ScratchFolder folder;
  write_tokens(folder / "bare.csv", 0);
  write_tokens(folder / "padded.csv", 6);
  const auto losses = [&](const std::string& yaml) {
    const trials::Search search = test::prepare(folder, yaml);
    const train::FitInput input = test::input_of(search);
    const train::FitResult result = train::fit(input);
    test::check_on_device(input, result);
    std::vector<double> all;
    for (const auto& epoch : result.history) all.push_back(epoch.training[0]);
    return all;
  };
  const std::vector<double> bare = losses(kPaddedExperts);
  const std::vector<double> padded = losses(test::changed(kPaddedExperts, "bare", "padded"));
  REQUIRE(bare.size() == 4);
  REQUIRE(padded.size() == 4);
  for (size_t i = 0; i < 4; ++i) CHECK(std::abs(padded[i] - bare[i]) < 1e-6);
}
