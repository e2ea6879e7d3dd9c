#include "nn/activations.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nn/component.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::nn::testing;
using ops::testing::Array;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double hard_sigmoid(double x) { return std::clamp(x / 6 + 0.5, 0.0, 1.0); }
double elu(double x, double alpha) { return x < 0 ? alpha * std::expm1(x) : x; }

struct Formula {
  const char* yaml;
  double (*f)(double x);
};

const Formula kFormulas[] = {
    {"linear", [](double x) { return x; }},
    {"relu", [](double x) { return std::max(x, 0.0); }},
    {"relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }},
    {"selu", [](double x) { return 1.0507009873554805 * elu(x, 1.6732632423543772); }},
    {"gelu", [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }},
    {"sigmoid", sigmoid},
    {"hard_sigmoid", hard_sigmoid},
    {"tanh", [](double x) { return std::tanh(x); }},
    {"softplus", [](double x) { return std::log1p(std::exp(x)); }},
    {"softsign", [](double x) { return x / (1 + std::abs(x)); }},
    {"silu", [](double x) { return x * sigmoid(x); }},
    {"swish", [](double x) { return x * sigmoid(x); }},
    {"hard_silu", [](double x) { return x * hard_sigmoid(x); }},
    {"mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
    {"exponential", [](double x) { return std::exp(x); }},
    {"leaky_relu", [](double x) { return x < 0 ? 0.2 * x : x; }},
    {"leaky_relu: {negative_slope: 0.01}", [](double x) { return x < 0 ? 0.01 * x : x; }},
    {"elu", [](double x) { return elu(x, 1); }},
    {"elu: {alpha: 0.5}", [](double x) { return elu(x, 0.5); }},
};

}  // namespace

TEST_CASE("activations: each is its formula, with its gradient") {
  for (const Formula& formula : kFormulas) {
    const auto activation = component<nn::Activation>(nn::activation_catalog(), formula.yaml);
    const ops::testing::Sizes sizes[] = {{0, 3}, {1, 1}, {7, 33}, {33, 33}};
    ops::testing::check({formula.yaml,
                         [](int64_t width) {
                           return std::vector<ops::testing::Input>{{{kBatch, width}, -8, 8}};
                         },
                         [&](graph::Graph& g, std::span<const graph::ValueId> x) {
                           return activation->build(g, x[0]);
                         },
                         [&](std::span<const Array> x, ops::testing::Sizes) {
                           Array y;
                           for (const double v : x[0]) y.push_back(formula.f(v));
                           return y;
                         },
                         true, 1e-5, 0.1},
                        sizes);
  }
}

TEST_CASE("activations: an empty reference is linear") {
  graph::Graph g;
  const graph::ValueId x = g.input("x", {Shape{kBatch, 2}});
  CHECK(nn::activate(g, {}, x) == x);
  CHECK(g.nodes().empty());
}
