#include "ops/loss/nt_xent.h"

#include <doctest/doctest.h>

#include <cmath>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Sizes kNtXentSizes[] = {{0, 3}, {1, 4}, {2, 1}, {5, 5}, {17, 3}, {70, 33}};

double product(const Array& z, size_t a, size_t b, size_t width) {
  double sum = 0;
  for (size_t d = 0; d < width; ++d) sum += z[a * width + d] * z[b * width + d];
  return sum;
}

// Vectors within [-most, most], so that products of them all may be large.
Case loss(float temperature, double most) {
  return {
      "nt_xent",
      [=](int64_t width) {
        return std::vector<Input>{{{kBatch, width}, -most, most}, {{kBatch, width}, -most, most}};
      },
      [=](Graph& g, std::span<const ValueId> x) {
        return g.apply(std::make_shared<NtXentOp>(temperature), {x[0], x[1]});
      },
      [=](std::span<const Array> x, Sizes s) {
        const auto n = static_cast<size_t>(s.batch);
        const auto width = static_cast<size_t>(s.width);
        Array z = x[0];
        z.insert(z.end(), x[1].begin(), x[1].end());
        Array losses(n);
        for (size_t r = 0; r < 2 * n; ++r) {
          const double own = product(z, r, (r + n) % (2 * n), width) / temperature;
          double sum = 0;
          for (size_t k = 0; k < 2 * n; ++k) {
            if (k != r) sum += std::exp(product(z, r, k, width) / temperature - own);
          }
          losses[r % n] += 0.5 * std::log(sum);
        }
        return losses;
      },
      true,
      1e-4,
      0.1};
}

}  // namespace

TEST_CASE("nt_xent: against loops, and its gradients") {
  check(loss(1, 1), kNtXentSizes);
  check(loss(0.25f, 0.5), kNtXentSizes);
  check(loss(0.1f, 1), kNtXentSizes);
}

TEST_CASE("nt_xent: both views are rows of one shape") {
  Graph g;
  const ValueId a = g.input("a", {Shape{kBatch, 3}});
  const ValueId b = g.input("b", {Shape{kBatch, 4}});
  CHECK_THROWS_WITH_AS(g.apply(std::make_shared<NtXentOp>(1.0f), {a, b}),
                       "needs two views (N, D), not (N, 3) and (N, 4)", graph::ShapeError);
}
