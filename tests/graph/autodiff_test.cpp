#include <doctest/doctest.h>

#include <cmath>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"

using namespace mlrun;
using namespace mlrun::graph;
using namespace mlrun::ops;

namespace {

// The gradients of an objective of one scalar x, at x.
std::vector<float> gradients_at(Graph g, ValueId x, ValueId objective, std::span<const ValueId> wrt,
                                float at) {
  const std::vector<ValueId> grads = differentiate(g, objective, wrt, autodiff_ops());
  device::CpuContext context(1);
  Executable executable(g, grads, 1, cpu_kernels(), context);
  executable.bind(x, &at);
  executable.run(1);
  std::vector<float> values;
  for (const ValueId id : grads) values.push_back(executable.tensor(id).f32()[0]);
  return values;
}

}  // namespace

TEST_CASE("autodiff: a subexpression that is used twice gets both shares") {
  Graph g;
  const ValueId x = g.input("x", {Shape{}});
  const ValueId shared = unary(g, Ew::kExp, x);
  const ValueId y = mul(g, add(g, shared, x), unary(g, Ew::kTanh, shared));
  const ValueId wrt[] = {x, shared};
  const float e = std::exp(0.3f);
  const float t = std::tanh(e);
  const float dy_dshared = t + (e + 0.3f) * (1 - t * t);
  const std::vector<float> grads = gradients_at(g, x, y, wrt, 0.3f);
  CHECK(grads[1] == doctest::Approx(dy_dshared));
  CHECK(grads[0] == doctest::Approx(dy_dshared * e + t));
}

TEST_CASE("autodiff: a chain of squares, each used twice, stays linear in its length") {
  Graph g;
  const ValueId x = g.input("x", {Shape{}});
  ValueId y = x;
  for (int i = 0; i < 20; ++i) y = scale(g, mul(g, y, y), 0.5f);
  const size_t forward = g.nodes().size();
  const ValueId wrt[] = {x};
  differentiate(g, y, wrt, autodiff_ops());
  CHECK(g.nodes().size() < 6 * forward);
}

TEST_CASE("autodiff: what the objective does not depend on has no gradient") {
  Graph g;
  const ValueId x = g.input("x", {Shape{}});
  const ValueId other = g.input("other", {Shape{}});
  const ValueId beside = mul(g, x, other);
  const ValueId y = unary(g, Ew::kExp, x);
  const ValueId wrt[] = {x, other, beside};
  const std::vector<ValueId> grads = differentiate(g, y, wrt, autodiff_ops());
  CHECK(grads[0] != kNoValue);
  CHECK(grads[1] == kNoValue);
  CHECK(grads[2] == kNoValue);
}

TEST_CASE("autodiff: only the branches that lead to a parameter are differentiated") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId w = g.variable("w", {Shape{3, 2}});
  const ValueId y = sum(g, matmul(g, x, w));
  const ValueId wrt[] = {w};
  differentiate(g, y, wrt, autodiff_ops());
  int products = 0;
  for (const Node& node : g.nodes()) products += node.op->name() == "MatMul";
  CHECK(products == 2);  // not the third, of x
}

TEST_CASE("autodiff: an op without gradient says so") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId wrt[] = {x};
  const ValueId dx = differentiate(g, sum(g, softmax(g, x)), wrt, autodiff_ops())[0];
  const ValueId again = sum(g, dx);
  CHECK_THROWS_WITH_AS(differentiate(g, again, wrt, autodiff_ops()),
                       "the op SoftmaxGrad has no gradient", Error);
}
