#include "train/plateau.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "train/device_check.h"
#include "train/fitting_rows.h"
#include "train/sample_experiment.h"

using namespace mlrun;
using test::check_on_device;
using test::check_same;
using test::input_of;
using test::SampleExperiment;

namespace {

std::vector<double> rates(const config::PlateauSpec& spec, const std::vector<double>& losses) {
  train::Plateau plateau(spec, false, 1);
  std::vector<double> rates;
  for (const double loss : losses) {
    const double before = plateau.factor();
    const bool fell = plateau.observe(loss);
    CHECK(fell == (plateau.factor() != before));
    rates.push_back(plateau.factor());
  }
  return rates;
}

// No epoch is so much better: the learning rate halves behind the second, and behind each from then
// on.
constexpr const char* kFalling =
    "train.reduce_lr_on_plateau={monitor: loss, min_delta: 100, patience: 1, factor: 0.5}";

}  // namespace

// The numbers are those of Keras 3's ReduceLROnPlateau, followed by hand.
TEST_CASE("plateau: patience, cooldown and the least rate") {
  const std::vector<double> losses = {5, 4, 3.95, 3.94, 3.93, 3.92, 3.91, 3,
                                      3, 3, 3,    3,    2,    2,    2,    2};
  config::PlateauSpec spec;
  spec.factor = 0.5;
  spec.min_delta = 0.1;
  spec.patience = 2;
  spec.cooldown = 1;
  spec.min_lr = 0.2;
  CHECK(rates(spec, losses) == std::vector<double>{1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2,
                                                   0.2, 0.2, 0.2, 0.2, 0.2, 0.2});
  spec.cooldown = 0;
  spec.patience = 0;
  CHECK(rates(spec, losses) == std::vector<double>{1, 1, 0.5, 0.25, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2,
                                                   0.2, 0.2, 0.2, 0.2, 0.2, 0.2});
  spec.cooldown = 3;
  spec.patience = 1;
  spec.min_lr = 0;
  CHECK(rates(spec, losses) == std::vector<double>{1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125,
                                                   0.125, 0.125, 0.0625, 0.0625, 0.0625, 0.03125,
                                                   0.03125});
}

TEST_CASE("plateau: a training with the same rates by a schedule is the same") {
  const SampleExperiment by_plateau(
      {"train.epochs=5", "train.optimizer={Adam: {learning_rate: 0.5}}", kFalling});
  const train::FitInput input = input_of(by_plateau);
  const auto rows = static_cast<int64_t>(fitting_rows(input).train.size());
  const int64_t batch = by_plateau.spec.train.batch_size;
  const int64_t steps = (rows + batch - 1) / batch;
  const SampleExperiment by_schedule(
      {"train.epochs=5",
       fmt::format("train.optimizer={{Adam: {{learning_rate: {{PiecewiseConstantDecay: {{"
                   "boundaries: [{}, {}, {}], values: [0.5, 0.25, 0.125, 0.0625]}}}}}}}}",
                   2 * steps - 1, 3 * steps - 1, 4 * steps - 1)});
  const train::FitResult result = fit(input);
  check_same(result, fit(input_of(by_schedule)));
  check_on_device(input, result);
}
