#include "nn/losses.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "nn/component.h"
#include "nn/run.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::nn::testing;
using ops::testing::distance;

namespace {

using Function = double (*)(double p, double y);

double log_likelihood(double p, double y) { return y * std::log(p) + (1 - y) * std::log(1 - p); }

struct LossFormula {
  const char* yaml;
  Function f;
  double low = -2;  ///< of predictions and targets
  double high = 2;
};

const LossFormula kLossFormulas[] = {
    {"mse", [](double p, double y) { return (p - y) * (p - y); }},
    {"mae", [](double p, double y) { return std::abs(p - y); }},
    {"mape", [](double p, double y) { return 100 * std::abs(p - y) / std::abs(y); }, 0.1, 2},
    {"msle", [](double p, double y) { return std::pow(std::log1p(p) - std::log1p(y), 2); }, 0.1, 2},
    {"log_cosh", [](double p, double y) { return std::log(std::cosh(p - y)); }},
    {"poisson", [](double p, double y) { return p - y * std::log(p + 1e-7); }, 0.1, 2},
    {"huber",
     [](double p, double y) {
       const double e = std::abs(p - y);
       return e <= 1 ? e * e / 2 : e - 0.5;
     }},
    {"huber: {delta: 0.5}",
     [](double p, double y) {
       const double e = std::abs(p - y);
       return e <= 0.5 ? e * e / 2 : 0.5 * (e - 0.25);
     }},
    {"hinge", [](double p, double y) { return std::max(0.0, 1 - (2 * y - 1) * p); }},
    {"squared_hinge",
     [](double p, double y) { return std::pow(std::max(0.0, 1 - (2 * y - 1) * p), 2); }},
    {"binary_crossentropy", [](double p, double y) { return -log_likelihood(p, y); }, 0.01, 0.99},
    {"binary_crossentropy: {label_smoothing: 0.2}",
     [](double p, double y) { return -log_likelihood(p, 0.8 * y + 0.1); }, 0.01, 0.99},
};

std::vector<float> draw(double low, double high, int64_t count, uint64_t salt) {
  std::vector<float> x = ops::testing::draw({{count}, low, high}, count, salt);
  x.pop_back();
  return x;
}

void check_close(const std::vector<float>& got, const std::vector<float>& want, double tolerance) {
  REQUIRE(got.size() == want.size());
  CHECK(distance(got, std::vector<double>(want.begin(), want.end()), 1e-2) <= tolerance);
}

}  // namespace

TEST_CASE("losses: each is its formula, averaged over the outputs of a sample") {
  for (const LossFormula& formula : kLossFormulas) {
    INFO(formula.yaml);
    const Values x{{7, 3}, draw(formula.low, formula.high, 21, 1)};
    const std::vector<float> y = draw(formula.low, formula.high, 21, 2);
    std::vector<double> want(7, 0.0);
    for (size_t i = 0; i < 21; ++i) want[i / 3] += formula.f(x.elements[i], y[i]) / 3;
    const Results results = run_loss(*loss(formula.yaml), x, y);
    CHECK(results.shape.to_string() == "(N)");
    CHECK(distance(results.y, want, 0.1) <= 1e-5);
  }
}

TEST_CASE("losses: a sigmoid is seen through without changing the loss") {
  const Values logits{{9, 1}, draw(-8, 8, 9, 3)};
  std::vector<float> y(9, 0.0f);
  for (size_t i = 0; i < 9; i += 2) y[i] = 1;
  Values p = logits;
  for (float& v : p.elements) v = 1 / (1 + std::exp(-v));
  for (const std::string options : {"{}", "{label_smoothing: 0.1}"}) {
    const auto bce = loss("binary_crossentropy: " + options);
    const Results seen = run_loss(*bce, logits, y, "sigmoid");
    check_close(seen.y, run_loss(*bce, p, y).y, 1e-4);
  }
}

TEST_CASE("losses: a softmax is seen through without changing the loss") {
  const Values logits{{9, 4}, draw(-4, 4, 36, 4)};
  const std::vector<float> labels = {0, 1, 2, 3, 0, 1, 2, 3, 0};
  Values p = logits;
  for (size_t row = 0; row < 36; row += 4) {
    float sum = 0;
    for (size_t j = 0; j < 4; ++j) sum += p.elements[row + j] = std::exp(p.elements[row + j]);
    for (size_t j = 0; j < 4; ++j) p.elements[row + j] /= sum;
  }
  for (const char* yaml : {"sparse_categorical_crossentropy", "categorical_crossentropy",
                           "categorical_crossentropy: {label_smoothing: 0.1}"}) {
    INFO(yaml);
    const Results seen = run_loss(*loss(yaml), logits, labels, "softmax");
    check_close(seen.y, run_loss(*loss(yaml), p, labels).y, 1e-4);
    std::vector<double> want;
    const double s = std::string(yaml).find("smoothing") != std::string::npos ? 0.1 : 0;
    for (size_t i = 0; i < 9; ++i) {
      double sum = 0;
      for (size_t j = 0; j < 4; ++j) {
        const double target = (1 - s) * (labels[i] == static_cast<float>(j)) + s / 4;
        sum -= target * std::log(static_cast<double>(p.elements[4 * i + j]));
      }
      want.push_back(sum);
    }
    CHECK(distance(seen.y, want, 1e-2) <= 1e-4);
  }
}

TEST_CASE("losses: certainty costs at most what Keras lets it, or the logit") {
  const auto bce = loss("binary_crossentropy");
  const Values certain{{2, 1}, {0, 1}};
  const Results wrong = run_loss(*bce, certain, {1, 0});
  CHECK(wrong.y[0] == doctest::Approx(-std::log(1e-7)).epsilon(1e-3));
  CHECK(wrong.y[1] == doctest::Approx(-std::log(1e-7)).epsilon(0.02));  // 1 - 1e-7 as a float
  const Results right = run_loss(*bce, certain, {0, 1});
  CHECK(right.y[0] == doctest::Approx(0));
  CHECK(right.y[1] == doctest::Approx(0));
  const Results logits = run_loss(*bce, {{2, 1}, {-1000, 1000}}, {1, 1}, "sigmoid");
  CHECK(logits.y[0] == 1000);
  CHECK(logits.y[1] == 0);
  CHECK(logits.dx[0] == -1);
  CHECK(logits.dx[1] == 0);
}

TEST_CASE("losses: log_cosh of a large error does not overflow") {
  const Results results = run_loss(*loss("log_cosh"), {{2, 1}, {500, -500}}, {0, 0});
  for (const float y : results.y) CHECK(y == doctest::Approx(500 - std::log(2.0)));
  CHECK(results.dx[0] == doctest::Approx(1));
  CHECK(results.dx[1] == doctest::Approx(-1));
}

TEST_CASE("losses: labels that are ignored cost nothing and do not count") {
  const Values scores{{2, 3, 4}, draw(-3, 3, 24, 5)};
  const std::vector<float> labels = {1, 3, 0, 2, 0, 0};
  for (const std::string options : {"", ", label_smoothing: 0.2"}) {
    const auto with = [&](const char* more) {
      return loss("categorical_crossentropy: {from_logits: true" + options + more + "}");
    };
    const Results all = run_loss(*with(""), scores, labels);
    CHECK(all.counts.empty());
    const Results some = run_loss(*with(", ignore_class: 0"), scores, labels);
    CHECK(some.counts == std::vector<float>{2, 1});
    std::vector<double> each;  // of every step on its own
    for (size_t step = 0; step < 6; ++step) {
      const auto begin = scores.elements.begin() + static_cast<long>(4 * step);
      const Values one{{1, 4}, {begin, begin + 4}};
      each.push_back(run_loss(*with(""), one, {labels[step]}).y[0]);
    }
    const std::vector<double> means = {(each[0] + each[1] + each[2]) / 3,
                                       (each[3] + each[4] + each[5]) / 3};
    CHECK(distance(all.y, means, 1e-2) <= 1e-5);
    const std::vector<double> counted = {(each[0] + each[1]) / 2, each[3]};
    CHECK(distance(some.y, counted, 1e-2) <= 1e-5);
    for (size_t i = 8; i < 12; ++i) CHECK(some.dx[i] == 0);
    for (size_t i = 16; i < 24; ++i) CHECK(some.dx[i] == 0);
    CHECK(some.dx[0] != 0);
  }
  const Results none = run_loss(*loss("sparse_categorical_crossentropy: {ignore_class: 1}"),
                                {{2, 3}, {0.2f, 0.3f, 0.5f, 0.2f, 0.3f, 0.5f}}, {1, 2});
  CHECK(none.y[0] == 0);
  CHECK(none.y[1] == doctest::Approx(-std::log(0.5)));
  CHECK(none.counts == std::vector<float>{0, 1});
}
