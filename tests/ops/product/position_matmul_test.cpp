#include "ops/product/position_matmul.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kPositions = 3;
constexpr int64_t kPositionUnits = 4;

// x (N, 3, W) by w (3, W, 4), or the same stored as (3, 4, W).
Case product(bool transposed) {
  return {"position matmul",
          [=](int64_t width) {
            return std::vector<Input>{{{kBatch, kPositions, width}},
                                      {transposed ? Shape{kPositions, kPositionUnits, width}
                                                  : Shape{kPositions, width, kPositionUnits}}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return g.apply(std::make_shared<PositionMatMulOp>(transposed), {x[0], x[1]});
          },
          [=](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t row = 0; row < s.batch * kPositions; ++row) {
              const int64_t p = row % kPositions;
              for (int64_t k = 0; k < kPositionUnits; ++k) {
                double sum = 0;
                for (int64_t c = 0; c < s.width; ++c) {
                  const int64_t at = transposed ? (p * kPositionUnits + k) * s.width + c
                                                : (p * s.width + c) * kPositionUnits + k;
                  sum +=
                      x[0][static_cast<size_t>(row * s.width + c)] * x[1][static_cast<size_t>(at)];
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

TEST_CASE("position matmul: against loops, stored either way") {
  check(product(false));
  check(product(true));
}

TEST_CASE("position matmul: a matrix for each position") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3, 5}});
  const ValueId w = g.input("w", {Shape{2, 5, 4}});
  CHECK_THROWS_WITH_AS(g.apply(std::make_shared<PositionMatMulOp>(), {x, w}),
                       "cannot multiply (N, 3, 5) by (2, 5, 4) position by position",
                       graph::ShapeError);
}
