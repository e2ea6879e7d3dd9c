#include "ops/shape/routing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/functions.h"
#include "ops/harness.h"
#include "ops/product/grouped_matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kExperts = 4;
constexpr int64_t kExpertUnits = 3;
constexpr Sizes kRoutingSizes[] = {{0, 3}, {1, 1}, {3, 5}, {200, 17}};

// The two best of p, in order.
std::vector<size_t> chosen(const double* p, size_t choices) {
  std::vector<size_t> order(kExperts);
  for (size_t e = 0; e < order.size(); ++e) order[e] = e;
  std::stable_sort(order.begin(), order.end(), [p](size_t a, size_t b) { return p[a] > p[b]; });
  order.resize(choices);
  return order;
}

// x (N, 2, W), probabilities (N, 2, E), E kernels (W, K), E biases (K): the mixture.
Case mixture(int64_t choices) {
  return {"mixture of experts",
          [](int64_t width) {
            std::vector<Input> inputs = {{{kBatch, 2, width}}, {{kBatch, 2, kExperts}, 0, 1}};
            for (int64_t e = 0; e < kExperts; ++e) inputs.push_back({{width, kExpertUnits}, -1, 1});
            for (int64_t e = 0; e < kExperts; ++e) inputs.push_back({{kExpertUnits}, -1, 1});
            return inputs;
          },
          [=](Graph& g, std::span<const ValueId> x) {
            const std::vector<ValueId> route =
                g.apply_multi(std::make_shared<RouteOp>(choices), {x[1]});
            const ValueId gate = g.apply(std::make_shared<ChooseOp>(), {x[1], route[0]});
            const ValueId rows = g.apply(std::make_shared<DispatchOp>(), {x[0], route[1]});
            std::vector<ValueId> operands = {rows, route[2]};
            operands.insert(operands.end(), x.begin() + 2, x.end());
            const ValueId y = g.apply(std::make_shared<GroupedMatMulOp>(kExperts, true), operands);
            return g.apply(std::make_shared<CombineOp>(), {y, route[1], gate});
          },
          [=](std::span<const Array> x, Sizes s) {
            Array y;
            const auto width = static_cast<size_t>(s.width);
            for (size_t token = 0; token < x[1].size() / kExperts; ++token) {
              const double* p = x[1].data() + token * kExperts;
              for (size_t k = 0; k < kExpertUnits; ++k) {
                double sum = 0;
                for (const size_t e : chosen(p, static_cast<size_t>(choices))) {
                  double product = x[2 + kExperts + e][k];
                  for (size_t c = 0; c < width; ++c) {
                    product += x[0][token * width + c] * x[2 + e][c * kExpertUnits + k];
                  }
                  sum += p[e] * product;
                }
                y.push_back(sum);
              }
            }
            return y;
          },
          true,
          1e-4,
          0.1};
}

}  // namespace

TEST_CASE("routing: a mixture of experts against loops") {
  check(mixture(1), kRoutingSizes);
  check(mixture(2), kRoutingSizes);
}

TEST_CASE("routing: the share of each expert") {
  Case c = mixture(1);
  c.build = [](Graph& g, std::span<const ValueId> x) {
    const std::vector<ValueId> route = g.apply_multi(std::make_shared<RouteOp>(1), {x[1]});
    return g.apply(std::make_shared<ExpertShareOp>(), {route[2]});
  };
  c.reference = [](std::span<const Array> x, Sizes) {
    Array share(kExperts);
    const size_t tokens = x[1].size() / kExperts;
    for (size_t i = 0; i < tokens; ++i) {
      share[chosen(x[1].data() + i * kExperts, 1)[0]] += 1.0 / static_cast<double>(tokens);
    }
    return share;
  };
  c.differentiable = false;
  check(c, kRoutingSizes);
}

TEST_CASE("routing: numbers of the chosen, spread over all experts") {
  static constexpr int64_t kChoices = 2;
  Case c = mixture(kChoices);
  c.name = "numbers of the chosen";
  c.inputs = [](int64_t) {
    return std::vector<Input>{{{kBatch, 2, kChoices}, -1, 1}, {{kBatch, 2, kExperts}, 0, 1}};
  };
  c.build = [](Graph& g, std::span<const ValueId> x) {
    const std::vector<ValueId> route = g.apply_multi(std::make_shared<RouteOp>(kChoices), {x[1]});
    return g.apply(std::make_shared<ChooseGradOp>(), {x[1], route[0], x[0]});
  };
  c.reference = [](std::span<const Array> x, Sizes) {
    Array y(x[1].size());
    for (size_t token = 0; token < y.size() / kExperts; ++token) {
      const std::vector<size_t> best = chosen(x[1].data() + token * kExperts, kChoices);
      for (size_t j = 0; j < kChoices; ++j) {
        y[token * kExperts + best[j]] = x[0][token * kChoices + j];
      }
    }
    return y;
  };
  check(c, kRoutingSizes);
}

TEST_CASE("routing: more choices than experts") {
  Graph g;
  const ValueId p = g.input("p", {Shape{kBatch, 3}});
  CHECK_THROWS_WITH_AS(g.apply_multi(std::make_shared<RouteOp>(4), {p}),
                       "cannot choose 4 of 3 experts", graph::ShapeError);
}
