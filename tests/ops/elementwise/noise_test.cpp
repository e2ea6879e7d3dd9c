#include <doctest/doctest.h>

#include <cmath>

#include "base/philox.h"
#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// The middle of one of 2^23 equal parts of (-1, 1); state and salt as of dropout.
double centred(const Array& state, uint32_t salt, size_t i) {
  const auto word = [&](size_t k) { return static_cast<uint32_t>(state[k]); };
  const auto block = static_cast<uint32_t>(i / 4);
  const PhiloxBlock words = philox4x32({block, salt, word(2), word(3)}, {word(0), word(1)});
  return (words[i % 4] >> 9) * 0x1p-22 + 0x1p-23 - 1;
}

// By Newton's method from the other side: erf(y) = x.
double inverse_erf(double x) {
  double y = 0;
  for (int i = 0; i < 100; ++i) {
    const double slope = 2 / std::sqrt(M_PI) * std::exp(-y * y);
    y -= std::clamp((std::erf(y) - x) / slope, -0.5, 0.5);
  }
  return y;
}

std::vector<Input> value_and_state(int64_t width) {
  return {{{kBatch, width}}, {{4}, 0, 4294967295.0, DType::kUint32}};
}

}  // namespace

TEST_CASE("noise: normal numbers are the quantiles of the scalar Philox") {
  Case c{"add_normal", value_and_state,
         [](Graph& g, std::span<const ValueId> x) { return add_normal(g, x[0], x[1], 0.5f, 3); },
         [](std::span<const Array> x, Sizes) {
           Array y;
           for (size_t i = 0; i < x[0].size(); ++i) {
             y.push_back(x[0][i] + 0.5 * std::sqrt(2.0) * inverse_erf(centred(x[1], 3, i)));
           }
           return y;
         }};
  c.floor = 1;
  check(c);
}

TEST_CASE("noise: uniform numbers") {
  Case c{"add_uniform", value_and_state,
         [](Graph& g, std::span<const ValueId> x) { return add_uniform(g, x[0], x[1], 2, 77); },
         [](std::span<const Array> x, Sizes) {
           Array y;
           for (size_t i = 0; i < x[0].size(); ++i) {
             y.push_back(x[0][i] + centred(x[1], 77, i) + 1);
           }
           return y;
         }};
  c.floor = 1;
  check(c);
}

TEST_CASE("one_hot: ones at the labels, none for a label outside") {
  check({"one_hot",
         [](int64_t width) {
           const auto classes = static_cast<double>(width);
           return std::vector<Input>{{{kBatch}, -1, classes + 1, DType::kInt32}};
         },
         [](Graph& g, std::span<const ValueId> x) { return one_hot(g, x[0], 5); },
         [](std::span<const Array> x, Sizes) {
           Array y(x[0].size() * 5, 0.0);
           for (size_t i = 0; i < x[0].size(); ++i) {
             if (x[0][i] >= 0 && x[0][i] < 5) y[i * 5 + static_cast<size_t>(x[0][i])] = 1;
           }
           return y;
         },
         false});
}
