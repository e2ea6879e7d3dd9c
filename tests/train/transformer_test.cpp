#include <doctest/doctest.h>

#include <algorithm>

#include "scratch_folder.h"
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
                     .checkpoint = {},
                     .keep_model = true});
}

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
