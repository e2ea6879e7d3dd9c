#include "ops/loss/softmax.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// log softmax of each row of x.
Array log_softmax_rows(const Array& x, int64_t width) {
  Array y(x.size());
  const auto n = static_cast<size_t>(width);
  for (size_t row = 0; row + n <= x.size(); row += n) {
    double most = x[row];
    for (size_t j = 0; j < n; ++j) most = std::max(most, x[row + j]);
    double sum = 0;
    for (size_t j = 0; j < n; ++j) sum += std::exp(x[row + j] - most);
    for (size_t j = 0; j < n; ++j) y[row + j] = x[row + j] - most - std::log(sum);
  }
  return y;
}

Array softmax_rows(const Array& x, int64_t width) {
  Array y = log_softmax_rows(x, width);
  for (double& v : y) v = std::exp(v);
  return y;
}

// Logits around `centre`.
std::function<std::vector<Input>(int64_t)> logits(double centre, double spread) {
  return [=](int64_t width) {
    return std::vector<Input>{{{kBatch, width}, centre - spread, centre + spread}};
  };
}

Case softmax_case(double centre, double spread) {
  return {"softmax around " + std::to_string(centre), logits(centre, spread),
          [](Graph& g, std::span<const ValueId> x) { return softmax(g, x[0]); },
          [](std::span<const Array> x, Sizes s) { return softmax_rows(x[0], s.width); }};
}

Case log_softmax_case(double centre, double spread) {
  return {"log softmax around " + std::to_string(centre),
          logits(centre, spread),
          [](Graph& g, std::span<const ValueId> x) { return log_softmax(g, x[0]); },
          [](std::span<const Array> x, Sizes s) { return log_softmax_rows(x[0], s.width); },
          true,
          1e-5,
          0.1};
}

Case cross_entropy_case(double centre, double spread) {
  return {"sparse cross-entropy around " + std::to_string(centre),
          [=](int64_t width) {
            std::vector<Input> inputs = logits(centre, spread)(width);
            inputs.push_back({{kBatch}, 0, static_cast<double>(width), DType::kInt32});
            return inputs;
          },
          [](Graph& g, std::span<const ValueId> x) { return sparse_cross_entropy(g, x[0], x[1]); },
          [](std::span<const Array> x, Sizes s) {
            const Array y = log_softmax_rows(x[0], s.width);
            Array loss;
            for (size_t i = 0; i < x[1].size(); ++i) {
              loss.push_back(-y[i * static_cast<size_t>(s.width) + static_cast<size_t>(x[1][i])]);
            }
            return loss;
          },
          true,
          1e-5,
          0.1};
}

}  // namespace

TEST_CASE("softmax: softmax, its logarithm and cross-entropy") {
  check(softmax_case(0, 4));
  check(log_softmax_case(0, 4));
  check(cross_entropy_case(0, 4));
}

TEST_CASE("softmax: large logits stay finite and exact") {
  for (const double centre : {-20000.0, 20000.0}) {
    check(softmax_case(centre, 4));
    check(log_softmax_case(centre, 4));
    check(cross_entropy_case(centre, 4));
  }
  check(softmax_case(0, 1000));
  check(log_softmax_case(0, 1000));
  check(cross_entropy_case(0, 1000));
}

TEST_CASE("softmax: over the last of three axes") {
  Case c = softmax_case(0, 4);
  c.inputs = [](int64_t width) { return std::vector<Input>{{{kBatch, 3, width}}}; };
  check(c);
}

TEST_CASE("softmax: a label without class and a NaN logit give NaN") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Sizes sizes[] = {{2, 5}};
  for (const double label : {-1.0, 5.0}) {
    Case c = cross_entropy_case(0, 4);
    c.inputs = [=](int64_t width) {
      return std::vector<Input>{{{kBatch, width}}, {{kBatch}, label, label, DType::kInt32}};
    };
    c.reference = [=](std::span<const Array>, Sizes s) {
      return Array(static_cast<size_t>(s.batch), nan);
    };
    c.differentiable = false;
    check(c, sizes);
  }
  Case c = softmax_case(nan, 0);
  c.reference = [=](std::span<const Array> x, Sizes) { return Array(x[0].size(), nan); };
  c.differentiable = false;
  check(c, sizes);
}
