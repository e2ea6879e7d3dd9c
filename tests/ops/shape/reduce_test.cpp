#include "ops/shape/reduce.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// A target of (N, 5, C) and the element of it that (n, t, c) is summed into.
struct Target {
  const char* name;
  Shape (*shape)(int64_t width);
  int64_t (*element)(int64_t n, int64_t t, int64_t c, int64_t width);
};

const Target kTargets[] = {
    {"all", [](int64_t) { return Shape{}; },
     [](int64_t, int64_t, int64_t, int64_t) { return int64_t{0}; }},
    {"one", [](int64_t) { return Shape{1}; },
     [](int64_t, int64_t, int64_t, int64_t) { return int64_t{0}; }},
    {"leading", [](int64_t width) { return Shape{width}; },
     [](int64_t, int64_t, int64_t c, int64_t) { return c; }},
    {"batch",
     [](int64_t width) {
       return Shape{5, width};
     },
     [](int64_t, int64_t t, int64_t c, int64_t width) { return t * width + c; }},
    {"per sample", [](int64_t) { return Shape{kBatch}; },
     [](int64_t n, int64_t, int64_t, int64_t) { return n; }},
    {"per sample, with ones",
     [](int64_t) {
       return Shape{kBatch, 1, 1};
     },
     [](int64_t n, int64_t, int64_t, int64_t) { return n; }},
    {"trailing",
     [](int64_t) {
       return Shape{kBatch, 5};
     },
     [](int64_t n, int64_t t, int64_t, int64_t) { return n * 5 + t; }},
    {"nothing",
     [](int64_t width) {
       return Shape{kBatch, 5, width};
     },
     [](int64_t n, int64_t t, int64_t c, int64_t width) { return (n * 5 + t) * width + c; }},
};

Array reduce(const Target& target, bool mean, const Array& x, Sizes s) {
  Array sums(static_cast<size_t>(target.shape(s.width).elements(s.batch)), 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const int64_t row = at / s.width;
    sums[static_cast<size_t>(target.element(row / 5, row % 5, at % s.width, s.width))] += x[i];
  }
  for (double& sum : sums) {
    if (mean && !x.empty()) sum *= static_cast<double>(sums.size()) / static_cast<double>(x.size());
  }
  return sums;
}

Case reduce_case(const Target& target, bool mean) {
  return {std::string(mean ? "mean " : "sum ") + target.name,
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, 5, width}}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return reduce_to(g, x[0], target.shape(g.shape(x[0]).back()), mean);
          },
          [=](std::span<const Array> x, Sizes s) { return reduce(target, mean, x[0], s); },
          true,
          1e-5,
          10.0};
}

}  // namespace

TEST_CASE("reduce: sums and means to every target") {
  for (const Target& target : kTargets) {
    check(reduce_case(target, false));
    check(reduce_case(target, true));
  }
}

TEST_CASE("reduce: no channels at all") {
  const Sizes sizes[] = {{3, 0}};
  check({"sum of (N, 0)",
         [](int64_t width) {
           return std::vector<Input>{{{kBatch, width}}};
         },
         [](Graph& g, std::span<const ValueId> x) { return reduce_to(g, x[0], Shape{0}); },
         [](std::span<const Array>, Sizes) { return Array(); }, false},
        sizes);
}
