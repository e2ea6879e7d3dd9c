#include "ops/product/capsule.h"

#include <doctest/doctest.h>

#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kBelow = 5;
constexpr int64_t kAbove = 3;

std::vector<Input> inputs_of(CapsuleProduct result, int64_t width) {
  const Input coupling{{kBatch, kBelow, kAbove}};
  const Input votes{{kBatch, kBelow, kAbove, width}};
  const Input poses{{kBatch, kAbove, width}};
  switch (result) {
    case CapsuleProduct::kPoses:
      return {coupling, votes};
    case CapsuleProduct::kCoupling:
      return {votes, poses};
    case CapsuleProduct::kVotes:
      break;
  }
  return {coupling, poses};
}

// visit(index of the coupling, of the vote, of the pose)
template <class Visit>
void for_each_term(Sizes s, Visit visit) {
  for (int64_t n = 0; n < s.batch; ++n) {
    for (int64_t i = 0; i < kBelow; ++i) {
      for (int64_t j = 0; j < kAbove; ++j) {
        for (int64_t e = 0; e < s.width; ++e) {
          const int64_t c = (n * kBelow + i) * kAbove + j;
          visit(static_cast<size_t>(c), static_cast<size_t>(c * s.width + e),
                static_cast<size_t>((n * kAbove + j) * s.width + e));
        }
      }
    }
  }
}

Case product(CapsuleProduct result) {
  return {"capsule product",
          [=](int64_t width) { return inputs_of(result, width); },
          [=](Graph& g, std::span<const ValueId> x) {
            return g.apply(std::make_shared<CapsuleProductOp>(result), {x[0], x[1]});
          },
          [=](std::span<const Array> x, Sizes s) {
            Array c(static_cast<size_t>(s.batch * kBelow * kAbove));
            Array u(c.size() * static_cast<size_t>(s.width));
            Array v(static_cast<size_t>(s.batch * kAbove * s.width));
            switch (result) {
              case CapsuleProduct::kPoses:
                for_each_term(s, [&](size_t a, size_t b, size_t y) { v[y] += x[0][a] * x[1][b]; });
                return v;
              case CapsuleProduct::kCoupling:
                for_each_term(s, [&](size_t y, size_t a, size_t b) { c[y] += x[0][a] * x[1][b]; });
                return c;
              case CapsuleProduct::kVotes:
                break;
            }
            for_each_term(s, [&](size_t a, size_t y, size_t b) { u[y] = x[0][a] * x[1][b]; });
            return u;
          },
          true,
          1e-4,
          0.1};
}

}  // namespace

TEST_CASE("capsules: each product against loops; each is the gradient of the others") {
  check(product(CapsuleProduct::kPoses));
  check(product(CapsuleProduct::kCoupling));
  check(product(CapsuleProduct::kVotes));
}

TEST_CASE("capsules: products are of the same capsules") {
  Graph g;
  const ValueId c = g.input("c", {Shape{kBatch, 5, 3}});
  const ValueId u = g.input("u", {Shape{kBatch, 5, 4, 2}});
  CHECK_THROWS_WITH_AS(g.apply(std::make_shared<CapsuleProductOp>(CapsuleProduct::kPoses), {c, u}),
                       "(N, 5, 3) and (N, 5, 4, 2) are not of the same capsules",
                       graph::ShapeError);
}
