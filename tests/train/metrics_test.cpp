#include "train/metrics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <vector>

#include "config/catalog.h"
#include "config/node.h"
#include "nn/component.h"
#include "nn/run.h"

using namespace mlrun;
using namespace mlrun::train;

namespace {

// Written as in an experiment file.
double metric(const std::string& yaml, const Scores& scores) {
  config::Catalogs catalogs;
  catalogs.add(metric_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  config::Ref<config::MetricKind> ref;
  const auto source = std::make_shared<SourceText>("test", yaml);
  config::read_component(config::parse_yaml(source, diagnostics), reader, metric_catalog().kind(),
                         ref);
  diagnostics.throw_if_any();
  return ref.as<Metric>().compute(scores);
}

// What metrics see of these outputs of a model.
std::vector<float> predictions_of(const std::string& loss, const std::vector<float>& outputs) {
  graph::Graph g;
  const graph::ValueId in = g.input("x", {Shape{kBatch, 1}});
  const graph::ValueId prediction = nn::testing::loss(loss)->prediction(g, in);
  return nn::testing::run_graph(g, in, outputs, prediction);
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

TEST_CASE("metrics: those of hinge losses are of the margin, however large, as in scikit-learn") {
  const std::vector<float> margins = {-4e9f, -3, -1.5f, -0.25f, 0, 0.5f, 1.25f, 2, 2e9f, 4e9f};
  const std::vector<int32_t> labels = {0, 1, 0, 1, 0, 0, 1, 1, 0, 1};
  for (const char* loss : {"hinge", "squared_hinge"}) {
    CAPTURE(loss);
    const std::vector<float> predictions = predictions_of(loss, margins);
    CHECK(predictions == margins);
    CHECK(nn::testing::loss(loss)->is_of_margins());
    const Scores scores{predictions, 1, labels, {}, {}, 0};
    CHECK(metric("auc", scores) == doctest::Approx(0.64));
    CHECK(metric("accuracy", scores) == doctest::Approx(0.6));
  }
}

TEST_CASE("metrics: of two classes the second is the positive one, as in scikit-learn") {
  // Predicted 0, 0, 1, 1, 1, 0, 0: by the score of class 1, and by the scores of both.
  const std::vector<float> one = {0.2f, 0.3f, 0.9f, 0.8f, 0.7f, 0.1f, 0.4f};
  std::vector<float> two;
  for (const float p : one) two.insert(two.end(), {1 - p, p});
  const std::vector<int32_t> labels = {0, 0, 0, 1, 1, 1, 1};
  for (const Scores& scores : {Scores{one, 1, labels, {}}, Scores{two, 2, labels, {}}}) {
    CAPTURE(scores.width);
    CHECK(metric("precision", scores) == doctest::Approx(2.0 / 3));
    CHECK(metric("recall", scores) == doctest::Approx(0.5));
    CHECK(metric("f1", scores) == doctest::Approx(4.0 / 7));
    CHECK(metric("average_precision", scores) == doctest::Approx(0.6220238095238095));
    CHECK(metric("recall: {average: macro}", scores) == doctest::Approx(7.0 / 12));
    CHECK(metric("precision: {average: weighted}", scores) == doctest::Approx(25.0 / 42));
    CHECK(metric("recall: {average: micro}", scores) == doctest::Approx(4.0 / 7));
  }
}

// The numbers are scikit-learn's, but for ties in the k highest, which Keras counts as right.
TEST_CASE("metrics: of scores and classes that are not balanced, as in scikit-learn") {
  const std::vector<float> predictions = {
      0.6f, 0.3f, 0,    0,    0.8f, 0.9f, 0.6f, 0.7f, 0.5f, 0.9f, 0.8f, 0,    0.9f, 0,
      0.7f, 0.2f, 0.9f, 0.5f, 0.3f, 0.4f, 0,    0.1f, 0.7f, 0.6f, 0.6f, 0.4f, 1,    1,
      0.7f, 0.7f, 0.7f, 0.4f, 0.1f, 0.7f, 0.5f, 0.3f, 0.5f, 0.9f, 0.9f, 0.4f};
  const std::vector<int32_t> labels = {0, 2, 1, 2, 0, 1, 2, 0, 1, 3};
  const Scores four{predictions, 4, labels, {}};
  CHECK(metric("balanced_accuracy", four) == doctest::Approx(0.5));
  CHECK(metric("matthews_corrcoef", four) == doctest::Approx(0.4419417382415922));
  CHECK(metric("average_precision", four) == doctest::Approx(0.40238095238095245));
  CHECK(metric("top_k_accuracy: 2", four) == doctest::Approx(0.7));
  CHECK(metric("top_k_accuracy: 3", four) == doctest::Approx(0.8));
  CHECK(metric("top_k_accuracy", four) == 1);

  const std::vector<float> one = {0.1f, 0.4f, 0.4f, 0.35f, 0.8f, 0.4f, 0.05f, 0.9f};
  const std::vector<int32_t> classes = {0, 1, 1, 0, 1, 0, 0, 1};
  const Scores two{one, 1, classes, {}};
  CHECK(metric("average_precision", two) == doctest::Approx(0.9));
  CHECK(metric("balanced_accuracy", two) == doctest::Approx(0.75));
  CHECK(metric("matthews_corrcoef", two) == doctest::Approx(0.5773502691896258));
  CHECK(metric("top_k_accuracy: 1", two) == doctest::Approx(0.75));
}

TEST_CASE("metrics: what is not defined is NaN, what has no correlation 0") {
  const std::vector<float> predictions = {0.7f, 0.8f, 0.9f};
  const std::vector<int32_t> zeros = {0, 0, 0};
  const Scores scores{predictions, 1, zeros, {}};
  CHECK(std::isnan(metric("average_precision", scores)));
  CHECK(metric("matthews_corrcoef", scores) == 0);
  CHECK(metric("balanced_accuracy", scores) == 0);
  for (const char* name :
       {"balanced_accuracy", "matthews_corrcoef", "average_precision", "top_k_accuracy"}) {
    CHECK(std::isnan(metric(name, {{}, 3, {}, {}})));
  }
}
