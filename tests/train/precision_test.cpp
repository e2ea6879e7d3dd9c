// Trainings in other precisions than float32.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "emulation/context.h"
#include "scratch_folder.h"
#include "train/device_check.h"
#include "train/fit.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_on_device;
using test::check_same;
using test::input_of;
using test::SampleExperiment;

namespace {

using Settings = std::vector<std::string>;

Settings joined(Settings settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

// Of 150 rows in batches of 32, for 6 epochs.
constexpr int64_t kSteps = 30;

const Settings kFloat16 = {"train.precision=float16"};

// Begins with gradients that are infinite, and is doubled after few steps.
const Settings kLively =
    joined(kFloat16, {"train.loss_scale={initial_scale: 1073741824, dynamic_growth_steps: 3}"});

struct Spread {
  double mean = 0, least = 1, most = 0;
};

// The accuracy of test rows, over seeds.
Spread accuracies(const Settings& settings) {
  Spread scores;
  constexpr int kSeeds = 5;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const SampleExperiment e(joined(settings, {"train.epochs=60", "seed=" + std::to_string(seed)}));
    const double accuracy = fit(input_of(e)).test[1];
    scores.mean += accuracy / kSeeds;
    scores.least = std::min(scores.least, accuracy);
    scores.most = std::max(scores.most, accuracy);
  }
  return scores;
}

}  // namespace

TEST_CASE("precision: scores in float16 and bf16 are those of float32 within the spread of seeds") {
  const Spread plain = accuracies({});
  CHECK(plain.mean > 0.85);
  for (const char* precision : {"float16", "bf16"}) {
    CAPTURE(precision);
    const Spread other = accuracies({std::string("train.precision=") + precision});
    CHECK(std::abs(other.mean - plain.mean) <= plain.most - plain.least);
  }
}

TEST_CASE("precision: the loss scale grows while all gradients are finite") {
  const SampleExperiment e(
      joined(kFloat16, {"train.loss_scale={initial_scale: 256, dynamic_growth_steps: 4}"}));
  const train::FitInput input = input_of(e);
  const train::FitResult result = fit(input);
  CHECK(result.loss_scale.scale == 256 * std::pow(2, kSteps / 4));
  CHECK(result.loss_scale.skipped_steps == 0);
  check_on_device(input, result);
}

TEST_CASE("precision: a scale that is too large is halved, step by step, and then it learns") {
  const SampleExperiment e(kLively);
  const train::FitInput input = input_of(e);
  const train::FitResult result = fit(input);
  CHECK(result.status == train::FitStatus::kFinished);
  CHECK(result.loss_scale.skipped_steps > 3);
  CHECK(result.loss_scale.skipped_steps < kSteps / 2);
  CHECK(result.loss_scale.scale < 1 << 30);
  CHECK(result.history.back().training[0] < result.history.front().training[0]);
  check_on_device(input, result);
}

TEST_CASE("precision: steps that are left out change neither weights nor slots") {
  const Settings none = {"train.loss_scale={initial_scale: 1e30, dynamic: false}"};
  const SampleExperiment e(joined(kFloat16, none));
  train::FitInput input = input_of(e);
  const SampleExperiment once(joined(joined(kFloat16, none), {"train.epochs=1"}));
  for (const bool emulated : {false, true}) {
    if (emulated && !emulation::is_worth_running()) continue;
    if (emulated) input.backend = test::emulated_gpu();
    const train::FitResult result = fit(input);
    CHECK(result.status == train::FitStatus::kFinished);
    CHECK(result.loss_scale.skipped_steps == kSteps);
    CHECK(result.loss_scale.scale == doctest::Approx(1e30));
    CHECK(result.model.weights == fit(input_of(once)).model.weights);
    for (const store::NamedArray& array : result.model.state) {
      if (array.name.find("slot") == std::string::npos) continue;
      CHECK(std::count(array.values.begin(), array.values.end(), 0.0f) ==
            static_cast<int64_t>(array.values.size()));
    }
  }
}

TEST_CASE("precision: in float32 a power of two as a scale changes no bit of the weights") {
  const SampleExperiment plain({"train.optimizer={Adam: {global_clipnorm: 0.1}}"});
  const SampleExperiment scaled({"train.optimizer={Adam: {global_clipnorm: 0.1}}",
                                 "train.loss_scale={dynamic_growth_steps: 7}"});
  const train::FitResult want = fit(input_of(plain));
  const train::FitResult got = fit(input_of(scaled));
  CHECK(std::isnan(want.loss_scale.scale));
  CHECK(got.loss_scale.scale == std::ldexp(1, 16 + kSteps / 7));
  CHECK(got.model.weights == want.model.weights);
  CHECK(got.predictions == want.predictions);
}

TEST_CASE("precision: tf32 is float32 on the CPU, and nearly so on a GPU") {
  const SampleExperiment plain;
  const SampleExperiment e({"train.precision=tf32"});
  train::FitInput input = input_of(e);
  const train::FitResult want = fit(input_of(plain));
  check_same(fit(input), want);
  if (!emulation::is_worth_running()) return;
  input.backend = test::emulated_gpu();
  const train::FitResult got = fit(input);
  CHECK(got.model.weights != want.model.weights);
  for (size_t i = 0; i < want.history.size(); ++i) {
    CHECK(got.history[i].training[0] == doctest::Approx(want.history[i].training[0]).epsilon(0.01));
  }
}

TEST_CASE("precision: an interrupted training goes on with the scale it had") {
  const ScratchFolder folder;
  const SampleExperiment e(joined(kLively, {"train.checkpoint_every=1"}));
  train::FitInput input = input_of(e);
  for (const bool emulated : {false, true}) {
    if (emulated && !emulation::is_worth_running()) continue;
    if (emulated) input.backend = test::emulated_gpu();
    input.checkpoint.clear();
    const train::FitResult whole = fit(input);
    for (int stop_after = 1; stop_after < 6; stop_after += 2) {
      CAPTURE(stop_after);
      input.checkpoint = folder / ("at" + std::to_string(stop_after) + (emulated ? "e.h5" : ".h5"));
      int epochs = 0;
      const train::FitResult part = fit(input, {[&](const train::EpochRecord&) { ++epochs; },
                                                [&] { return epochs >= stop_after; }});
      CHECK(part.status == train::FitStatus::kInterrupted);
      check_same(fit(input), whole);
    }
  }
}

TEST_CASE("precision: the same bits with any number of threads, and in every kind of model") {
  const std::vector<Settings> experiments = {
      kLively,
      joined(kLively, {"train.optimizer={SGD: {momentum: 0.9, clipnorm: 0.5}}",
                       "model=[{Dense: {units: 16, activation: tanh}}, BatchNormalization, {Dense: "
                       "{units: 1, activation: sigmoid, kernel_regularizer: {L2: 0.01}}}]"}),
      joined(kLively, {"dataset.shape=[2, 1]",
                       "model=[{LSTM: 4}, {Dense: {units: 1, activation: "
                       "sigmoid}}]"}),
      joined(kLively, {"train.target=input", "train.loss=mse", "train.metrics=[]",
                       "model=[{Dense: {units: 1, name: code}}, {Dense: 2}]"})};
  for (const Settings& settings : experiments) {
    CAPTURE(settings.back());
    const SampleExperiment e(settings);
    train::FitInput input = input_of(e);
    const train::FitResult one = fit(input);
    CHECK(one.loss_scale.skipped_steps > 0);
    check_on_device(input, one);
    input.threads = 3;
    check_same(fit(input), one);
  }
}

TEST_CASE("precision: each phase of a GAN has a scale of its own") {
  const SampleExperiment e(
      joined(kLively,
             {"train.loss=non_saturating", "train.metrics=[]",
              "model={GAN: {latent: 2, generator: [{Dense: {units: 8, activation: relu}}, {Dense: "
              "2}], discriminator: [{Dense: {units: 8, activation: relu}}, {Dense: 1}]}}"}));
  const train::FitInput input = input_of(e);
  const train::FitResult result = fit(input);
  CHECK(result.status == train::FitStatus::kFinished);
  float skipped = 0;
  for (const char* phase : {"step", "generator_step"}) {
    CAPTURE(phase);
    const auto found = std::find_if(
        result.model.state.begin(), result.model.state.end(), [&](const store::NamedArray& array) {
          return array.name == std::string(phase) + "/loss_scale_counts";
        });
    REQUIRE(found != result.model.state.end());
    CHECK(found->values[1] > 0);
    skipped += found->values[1];
  }
  CHECK(static_cast<float>(result.loss_scale.skipped_steps) == skipped);
  check_on_device(input, result);
}
