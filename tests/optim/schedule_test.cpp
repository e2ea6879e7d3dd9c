#include "optim/schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "nn/component.h"

using namespace mlrun;
using namespace mlrun::optim;

namespace {

std::shared_ptr<const Schedule> schedule(const std::string& yaml) {
  return nn::testing::component<Schedule>(schedule_catalog(), yaml);
}

}  // namespace

TEST_CASE("schedule: ExponentialDecay") {
  const auto smooth =
      schedule("ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5}");
  CHECK(smooth->at(0) == doctest::Approx(0.1));
  CHECK(smooth->at(5) == doctest::Approx(0.1 * std::sqrt(0.5)));
  CHECK(smooth->at(20) == doctest::Approx(0.025));
  const auto stairs = schedule(
      "ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5, staircase: "
      "true}");
  CHECK(stairs->at(9) == doctest::Approx(0.1));
  CHECK(stairs->at(10) == doctest::Approx(0.05));
}

TEST_CASE("schedule: InverseTimeDecay") {
  const auto smooth =
      schedule("InverseTimeDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5}");
  CHECK(smooth->at(0) == doctest::Approx(0.1));
  CHECK(smooth->at(5) == doctest::Approx(0.1 / 1.25));
  CHECK(smooth->at(20) == doctest::Approx(0.05));
  const auto stairs = schedule(
      "InverseTimeDecay: {initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5, staircase: "
      "true}");
  CHECK(stairs->at(19) == doctest::Approx(0.1 / 1.5));
}

TEST_CASE("schedule: PolynomialDecay") {
  const auto line = schedule(
      "PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: 100, end_learning_rate: 0.02}");
  CHECK(line->at(0) == doctest::Approx(0.1));
  CHECK(line->at(50) == doctest::Approx(0.06));
  CHECK(line->at(100) == doctest::Approx(0.02));
  CHECK(line->at(500) == doctest::Approx(0.02));
  const auto curve = schedule(
      "PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: 100, end_learning_rate: 0, "
      "power: 2}");
  CHECK(curve->at(50) == doctest::Approx(0.025));
}

TEST_CASE("schedule: CosineDecay, with and without a warm-up") {
  const auto plain =
      schedule("CosineDecay: {initial_learning_rate: 0.1, decay_steps: 100, alpha: 0.2}");
  CHECK(plain->at(0) == doctest::Approx(0.1));
  CHECK(plain->at(25) ==
        doctest::Approx(0.1 * (0.8 * 0.5 * (1 + std::cos(std::numbers::pi / 4)) + 0.2)));
  CHECK(plain->at(100) == doctest::Approx(0.02));
  CHECK(plain->at(1000) == doctest::Approx(0.02));
  const auto warm = schedule(
      "CosineDecay: {initial_learning_rate: 0, decay_steps: 100, warmup_target: 0.1, "
      "warmup_steps: 10}");
  CHECK(warm->at(0) == doctest::Approx(0));
  CHECK(warm->at(5) == doctest::Approx(0.05));
  CHECK(warm->at(10) == doctest::Approx(0.1));
  CHECK(warm->at(60) == doctest::Approx(0.05));
  CHECK(warm->at(110) == doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("schedule: InverseSquareRootDecay rises to its peak, then falls") {
  const auto decay =
      schedule("InverseSquareRootDecay: {peak_learning_rate: 0.1, warmup_steps: 100}");
  CHECK(decay->at(0) == doctest::Approx(0.001));
  CHECK(decay->at(49) == doctest::Approx(0.05));
  CHECK(decay->at(99) == doctest::Approx(0.1));
  CHECK(decay->at(399) == doctest::Approx(0.05));
}

TEST_CASE("schedule: PiecewiseConstantDecay") {
  const auto steps = schedule("PiecewiseConstantDecay: {boundaries: [10, 20], values: [3, 2, 1]}");
  CHECK(steps->at(0) == 3);
  CHECK(steps->at(10) == 3);
  CHECK(steps->at(11) == 2);
  CHECK(steps->at(20) == 2);
  CHECK(steps->at(21) == 1);
}

TEST_CASE("schedule: a learning rate is a number or a schedule") {
  CHECK(nn::testing::optimizer("SGD")->learning_rate.at(7) == 0.01);
  CHECK(nn::testing::optimizer("Adam: {learning_rate: 0.5}")->learning_rate.at(7) == 0.5);
  const auto scheduled = nn::testing::optimizer(
      "Adam: {learning_rate: {PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: 100, "
      "end_learning_rate: 0}}}");
  CHECK(scheduled->learning_rate.at(50) == doctest::Approx(0.05));
}
