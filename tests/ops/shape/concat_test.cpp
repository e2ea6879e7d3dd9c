#include "ops/shape/concat.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// (N, W), (N, 3), (N, W) -> (N, 2 W + 3)
Case join_last() {
  return {"concat of the last axis",
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, width}}, {{kBatch, 3}}, {{kBatch, width}}};
          },
          [](Graph& g, std::span<const ValueId> x) {
            return concat(g, {x[0], x[1], x[2]}, 1);
          },
          [](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t n = 0; n < s.batch; ++n) {
              const auto part = [&](size_t i, int64_t w) {
                y.insert(y.end(), x[i].begin() + n * w, x[i].begin() + (n + 1) * w);
              };
              part(0, s.width);
              part(1, 3);
              part(2, s.width);
            }
            return y;
          }};
}

// (N, 2, W), (N, 1, W) -> (N, 3, W)
Case join_middle() {
  return {"concat of a middle axis",
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, 2, width}}, {{kBatch, 1, width}}};
          },
          [](Graph& g, std::span<const ValueId> x) {
            return concat(g, {x[0], x[1]}, 1);
          },
          [](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t n = 0; n < s.batch; ++n) {
              const int64_t w = s.width;
              y.insert(y.end(), x[0].begin() + n * 2 * w, x[0].begin() + (n + 1) * 2 * w);
              y.insert(y.end(), x[1].begin() + n * w, x[1].begin() + (n + 1) * w);
            }
            return y;
          }};
}

// (N, 5, W) -> its rows [1, 4)
Case cut_middle() {
  return {"slice of a middle axis",
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, 5, width}}};
          },
          [](Graph& g, std::span<const ValueId> x) { return slice(g, x[0], 1, 1, 4); },
          [](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t n = 0; n < s.batch; ++n) {
              const auto from = x[0].begin() + (n * 5 + 1) * s.width;
              y.insert(y.end(), from, from + 3 * s.width);
            }
            return y;
          }};
}

}  // namespace

TEST_CASE("concat and slice: against copies") {
  check(join_last());
  check(join_middle());
  check(cut_middle());
}

TEST_CASE("concat and slice: shapes that do not fit") {
  Graph g;
  const ValueId a = g.input("a", {Shape{kBatch, 3}});
  const ValueId b = g.input("b", {Shape{kBatch, 2, 3}});
  CHECK_THROWS_WITH_AS(concat(g, {a, b}, 1), "cannot join (N, 3) and (N, 2, 3) along axis 1",
                       graph::ShapeError);
  CHECK_THROWS_WITH_AS(concat(g, {a, a}, 0), "(N, 3) has no axis 0 to cut or join",
                       graph::ShapeError);
  CHECK_THROWS_WITH_AS(slice(g, a, 1, 2, 4), "[2, 4) is no part of axis 1 of (N, 3)",
                       graph::ShapeError);
}
