#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "train/device_check.h"
#include "train/fit.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::input_of;
using test::SampleExperiment;

namespace {

const std::vector<std::string> kViews = {
    "train.loss={nt_xent: {temperature: 0.2}}", "train.metrics=[]",
    "model=[{GaussianNoise: 0.1}, {Dense: {units: 16, activation: relu}}, {Dense: 4}]"};

std::vector<std::string> with(const std::vector<std::string>& more) {
  std::vector<std::string> settings = kViews;
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

}  // namespace

TEST_CASE("contrastive: views of a sample come closer than samples are; scoring draws views too") {
  const SampleExperiment e(with({"train.epochs=20", "dataset.split.test=0"}));
  const train::FitResult result = fit(input_of(e));
  CHECK(result.status == train::FitStatus::kFinished);
  const double by_chance = std::log(2 * 32 - 1);
  CHECK(result.history.front().training[0] < by_chance);
  CHECK(result.history.back().training[0] < 0.8 * result.history.front().training[0]);
  CHECK(result.test[0] > 0.3);
  CHECK(result.test[0] < by_chance);
  CHECK(result.output_width == 1);
}

TEST_CASE("contrastive: the same bits with more threads") {
  const SampleExperiment e(with({"train.epochs=3"}));
  train::FitInput input = input_of(e);
  const train::FitResult one = fit(input);
  input.threads = 3;
  const train::FitResult three = fit(input);
  CHECK(one.model.weights == three.model.weights);
  CHECK(one.predictions == three.predictions);
  test::check_on_device(input, one);
}

TEST_CASE("contrastive: what does not go together is refused with its position") {
  const auto refused = [](const std::vector<std::string>& settings, const char* why) {
    CAPTURE(why);
    try {
      const SampleExperiment e(with(settings));
      FAIL("accepted");
    } catch (const InputError& error) {
      CHECK(std::string(error.what()).find(why) != std::string::npos);
    }
  };
  refused({"train.target=input"}, "loss nt_xent cannot compare the output with the input");
  refused({"train.reduction=sum"}, "loss nt_xent is no mean over outputs");
  refused({"train.metrics=[accuracy]"}, "metric accuracy needs a target");
  refused({"model.2={Reshape: {target_shape: [4, 4]}}"}, "the model must end in (N, K), not");
}
