#include "train/metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

using namespace mlrun;
using namespace mlrun::train;

namespace {

double metric(const std::string& name, const Scores& scores) {
  const auto made = metric_catalog().find(name)->make();
  return dynamic_cast<const Metric&>(*made.first).compute(scores);
}

}  // namespace

TEST_CASE("metrics: of several targets the mean of each one's, as in scikit-learn") {
  // Errors of the first: 3, 4; of the second: 0, 12.
  const std::vector<float> predictions = {4, 10, -4, 32};
  const std::vector<float> values = {1, 10, 0, 20};
  const Scores scores{predictions, 2, {}, values};
  CHECK(metric("mse", scores) == doctest::Approx((12.5 + 72) / 2));
  CHECK(metric("rmse", scores) == doctest::Approx((std::sqrt(12.5) + std::sqrt(72.0)) / 2));
  CHECK(metric("mae", scores) == doctest::Approx((3.5 + 6) / 2));
  CHECK(metric("r2", scores) == doctest::Approx((1 - 25 / 0.5 + 1 - 144 / 50.0) / 2));
  CHECK(std::isnan(metric("rmse", {{}, 2, {}, {}})));
}

TEST_CASE("metrics: a score of one half is of class 0") {
  const std::vector<float> predictions = {0.5f, 0.5f, 0.6f, 0.4f};
  const std::vector<int32_t> labels = {0, 1, 1, 0};
  const Scores scores{predictions, 1, labels, {}};
  CHECK(metric("accuracy", scores) == 0.75);
  CHECK(metric("precision", scores) == 1);
  CHECK(metric("recall", scores) == 0.5);
}

TEST_CASE("metrics: a class that does not count is none to average over") {
  // Class 0 does not count, but is predicted once.
  const std::vector<float> predictions = {0.1f, 0.8f, 0.1f, 0.5f, 0.2f, 0.3f, 0.1f, 0.2f, 0.7f};
  const std::vector<int32_t> labels = {1, 1, 2};
  const Scores scores{predictions, 3, labels, {}, 0};
  CHECK(metric("accuracy", scores) == doctest::Approx(2.0 / 3));
  CHECK(metric("recall", scores) == doctest::Approx((0.5 + 1) / 2));
  CHECK(metric("precision", scores) == 1);
  CHECK(metric("auc", scores) == doctest::Approx((0.75 + 1) / 2));
}
