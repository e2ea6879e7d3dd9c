#include "ops/product/batch_matmul.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// (N, 3, W) times (N, W, 4), stored as the flags say.
Case product(bool transpose_a, bool transpose_b) {
  return {"batch matmul",
          [=](int64_t w) {
            return std::vector<Input>{{transpose_a ? Shape{kBatch, w, 3} : Shape{kBatch, 3, w}},
                                      {transpose_b ? Shape{kBatch, 4, w} : Shape{kBatch, w, 4}}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return batch_matmul(g, x[0], x[1], transpose_a, transpose_b);
          },
          [=](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t n = 0; n < s.batch; ++n) {
              for (int64_t i = 0; i < 3; ++i) {
                for (int64_t j = 0; j < 4; ++j) {
                  double sum = 0;
                  for (int64_t k = 0; k < s.width; ++k) {
                    const int64_t a = n * 3 * s.width + (transpose_a ? k * 3 + i : i * s.width + k);
                    const int64_t b = n * 4 * s.width + (transpose_b ? j * s.width + k : k * 4 + j);
                    sum += x[0][static_cast<size_t>(a)] * x[1][static_cast<size_t>(b)];
                  }
                  y.push_back(sum);
                }
              }
            }
            return y;
          },
          true,
          1e-5,
          10.0};  // sums of up to 700 products, each of about 1
}

}  // namespace

TEST_CASE("batch matmul: against loops, with all transposes") {
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) check(product(transpose_a, transpose_b));
  }
  const Sizes many[] = {{70000, 1}};  // more than one call of a library takes
  check(product(false, false), many);
  Graph g;
  const ValueId a = g.input("a", {Shape{kBatch, 3, 4}});
  CHECK_THROWS_WITH_AS(batch_matmul(g, a, a),
                       "cannot multiply (N, 3, 4) by (N, 3, 4) sample by sample",
                       graph::ShapeError);
}

TEST_CASE("permute: against copies") {
  check({"permute",
         [](int64_t w) {
           return std::vector<Input>{{{kBatch, 2, w, 3}}};
         },
         [](Graph& g, std::span<const ValueId> x) {
           return permute(g, x[0], {3, 1, 2});
         },
         [](std::span<const Array> x, Sizes s) {
           Array y;
           for (int64_t n = 0; n < s.batch; ++n) {
             for (int64_t c = 0; c < 3; ++c) {
               for (int64_t a = 0; a < 2; ++a) {
                 for (int64_t b = 0; b < s.width; ++b) {
                   y.push_back(x[0][static_cast<size_t>(((n * 2 + a) * s.width + b) * 3 + c)]);
                 }
               }
             }
           }
           return y;
         }});
  Graph g;
  const ValueId a = g.input("a", {Shape{kBatch, 3, 4}});
  CHECK(g.shape(permute(g, a, {2, 1})) == Shape{kBatch, 4, 3});
  CHECK_THROWS_WITH_AS(permute(g, a, {1, 1}), "[1, 1] does not order the axes 1 to 2 of (N, 3, 4)",
                       graph::ShapeError);
}
