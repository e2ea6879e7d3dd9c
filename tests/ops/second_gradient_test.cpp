// Gradients of gradients: the case's value is a first derivative made by differentiate(), its
// reference the formula, so that the harness checks the second derivative numerically.
#include <doctest/doctest.h>

#include <cmath>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr double kC = 0.3125;

double logistic(double x) { return 1 / (1 + std::exp(-x)); }
double square(double x) { return x * x; }

struct Slope {
  const char* name;
  Ew code;
  double (*derivative)(double x);
};

const Slope kSlopes[] = {
    {"relu", Ew::kRelu, [](double x) { return x > 0 ? 1.0 : 0.0; }},
    {"leaky_relu", Ew::kLeakyRelu, [](double x) { return x < 0 ? kC : 1.0; }},
    {"sigmoid", Ew::kSigmoid, [](double x) { return logistic(x) * (1 - logistic(x)); }},
    {"tanh", Ew::kTanh, [](double x) { return 1 - square(std::tanh(x)); }},
    {"softplus", Ew::kSoftplus, logistic},
    {"softsign", Ew::kSoftsign, [](double x) { return 1 / square(1 + std::abs(x)); }},
    {"elu", Ew::kElu, [](double x) { return x < 0 ? kC * std::exp(x) : 1.0; }},
    {"hard_sigmoid", Ew::kHardSigmoid, [](double x) { return std::abs(x) < 3 ? 1.0 / 6 : 0.0; }},
    {"exp", Ew::kExp, [](double x) { return std::exp(x); }},
    {"square", Ew::kSquare, [](double x) { return 2 * x; }},
    {"erf", Ew::kErf, [](double x) { return 2 / std::sqrt(M_PI) * std::exp(-x * x); }},
};

ValueId slope_of(Graph& g, ValueId objective, ValueId x) {
  const ValueId wrt[] = {x};
  return graph::differentiate(g, objective, wrt, autodiff_ops())[0];
}

}  // namespace

// Of sum(w f(x)), so that the gradient depends on w as well.
TEST_CASE("second gradient: activations") {
  for (const Slope& slope : kSlopes) {
    Case c{slope.name,
           [](int64_t width) {
             return std::vector<Input>{{{kBatch, width}, -4, 4}, {{kBatch, width}}};
           },
           [&](Graph& g, std::span<const ValueId> x) {
             const ValueId y = unary(g, slope.code, x[0], static_cast<float>(kC));
             return slope_of(g, sum(g, mul(g, y, x[1])), x[0]);
           },
           [&](std::span<const Array> x, Sizes) {
             Array y;
             for (size_t i = 0; i < x[0].size(); ++i) {
               y.push_back(slope.derivative(x[0][i]) * x[1][i]);
             }
             return y;
           }};
    c.floor = 1;
    check(c);
  }
}

// The input's gradient of a two-layer critic, as in a gradient penalty: W1 (tanh'(x W1) * w2),
// averaged over the batch.
TEST_CASE("second gradient: a critic of two layers, through a mean") {
  Case c{"critic",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width}}, {{width, 3}, -1, 1}, {{3, 1}, -1, 1}};
         },
         [](Graph& g, std::span<const ValueId> x) {
           const ValueId hidden = unary(g, Ew::kTanh, matmul(g, x[0], x[1]));
           return slope_of(g, mean(g, matmul(g, hidden, x[2])), x[0]);
         },
         [](std::span<const Array> x, Sizes s) {
           const auto width = static_cast<size_t>(s.width);
           Array y(x[0].size(), 0.0);
           for (size_t i = 0; i < y.size(); ++i) {
             for (size_t h = 0; h < 3; ++h) {
               double z = 0;
               for (size_t k = 0; k < width; ++k)
                 z += x[0][i / width * width + k] * x[1][k * 3 + h];
               y[i] += (1 - square(std::tanh(z))) * x[2][h] * x[1][i % width * 3 + h] /
                       static_cast<double>(s.batch);
             }
           }
           return y;
         }};
  c.floor = 1;
  const Sizes sizes[] = {{1, 7}, {7, 33}, {33, 33}};
  check(c, sizes);
}

TEST_CASE("second gradient: an op without one says so") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 4}, DType::kFloat32});
  const ValueId slope = slope_of(g, sum(g, unary(g, Ew::kSquare, softmax(g, x))), x);
  CHECK_THROWS_WITH_AS(slope_of(g, sum(g, slope), x), "the op SoftmaxGrad has no gradient", Error);
}
