#include <doctest/doctest.h>

#include <cmath>

#include "nn/component.h"
#include "nn/run.h"
#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;

namespace {

// The penalty that `yaml`, an activity regulariser, puts on the output x (N, 2).
std::vector<float> activity_penalty(const std::string& yaml, const std::vector<float>& x) {
  graph::Graph g;
  Builder b(g, true);
  const ValueId input = g.input("x", {Shape{kBatch, 2}});
  b.add("layer", "", *layer("Activation: {activation: linear, activity_regularizer: " + yaml + "}"),
        std::span(&input, 1));
  REQUIRE(b.penalties().size() == 1);
  return run_graph(g, input, x, b.penalties()[0]);
}

ValueId build_sampling(Builder& b, const std::string& yaml, ValueId mean, ValueId log_var) {
  const ValueId inputs[] = {mean, log_var};
  return b.add("code", "Sampling", *layer(yaml), inputs);
}

}  // namespace

TEST_CASE("activity regularisers: per sample, and the mean activity of each unit") {
  CHECK(activity_penalty("{L1: 0.5}", {1, -2, 3, 4})[0] == doctest::Approx(0.5 * 10 / 2));
  CHECK(activity_penalty("{L2: 0.1}", {1, -2, 3, 4})[0] == doctest::Approx(0.1 * 30 / 2));
  const auto kl = [](double rho, double r) {
    return rho * std::log(rho / r) + (1 - rho) * std::log((1 - rho) / (1 - r));
  };
  const double got =
      activity_penalty("{KLSparsity: {rho: 0.1, factor: 2}}", {0.1f, 0.8f, 0.3f, 0.2f})[0];
  CHECK(got == doctest::Approx(2 * (kl(0.1, 0.2) + kl(0.1, 0.5))));
  graph::Graph g;
  Builder b(g, true);
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  CHECK_THROWS_WITH_AS(
      b.add("dense", "", *layer("Dense: {units: 1, kernel_regularizer: KLSparsity}"),
            std::span(&x, 1)),
      "KLSparsity is for activity_regularizer: weights have no mean activity", graph::ShapeError);
}

TEST_CASE("Sampling: the KL divergence from the standard normal distribution, per sample") {
  graph::Graph g;
  Builder b(g, false);
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  build_sampling(b, "Sampling: {beta: 4}", x, x);
  REQUIRE(b.loss_terms().size() == 1);
  CHECK(b.loss_terms()[0].name == "kl");
  CHECK(b.loss_terms()[0].factor == 4);
  const ValueId keep[] = {b.loss_terms()[0].value};
  g.prune(keep);
  const std::vector<float> values = {0, 0, 1, -2};
  const std::vector<float> got = run_graph(g, x, values, keep[0]);
  const auto kl = [](double m) { return -0.5 * (1 + m - m * m - std::exp(m)); };
  CHECK(got[0] == doctest::Approx(0));
  CHECK(got[1] == doctest::Approx(kl(1) + kl(-2)));
}

TEST_CASE("Sampling: needs a mean and a variance of one shape") {
  graph::Graph g;
  Builder b(g, true);
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const ValueId y = g.input("y", {Shape{kBatch, 3}});
  CHECK_THROWS_AS(build_sampling(b, "Sampling", x, y), graph::ShapeError);
  CHECK_THROWS_AS(b.add("code", "", *layer("Sampling"), std::span(&x, 1)), graph::ShapeError);
}

TEST_CASE("GaussianNoise: in training only") {
  graph::Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  Builder scoring(g, false);
  CHECK(scoring.add("noise", "", *layer("GaussianNoise: 0.5"), std::span(&x, 1)) == x);
  Builder training(g, true);
  CHECK(training.add("noise", "", *layer("GaussianNoise: 0.5"), std::span(&x, 1)) != x);
  CHECK(training.random_state_or_none() != graph::kNoValue);
}

TEST_CASE("reused weights: one variable, one penalty, one row") {
  graph::Graph g;
  Builder b(g, true);
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const auto dense = layer("Dense: {units: 3, kernel_regularizer: L2}");
  b.add("dense", "Dense", *dense, std::span(&x, 1));
  b.reuse_weights(true);
  b.add("dense", "Dense", *dense, std::span(&x, 1));
  CHECK(b.variables().size() == 2);
  CHECK(b.penalties().size() == 1);
  CHECK(b.summary().size() == 1);
}
