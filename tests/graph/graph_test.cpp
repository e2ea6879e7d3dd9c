#include "graph/graph.h"

#include <doctest/doctest.h>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::graph;
using namespace mlrun::ops;

namespace {

// Inputs a and b of these shapes.
struct Pair {
  Graph g;
  ValueId a, b;
  Pair(const Shape& of_a, const Shape& of_b) : a(g.input("a", {of_a})), b(g.input("b", {of_b})) {}
};

}  // namespace

TEST_CASE("graph: shapes that do not fit elementwise") {
  Pair p({kBatch, 3}, {kBatch, 4});
  CHECK_THROWS_WITH_AS(add(p.g, p.a, p.b), "shapes (N, 4) and (N, 3) do not fit together",
                       ShapeError);
  CHECK_THROWS_WITH_AS(reduce_to(p.g, p.a, Shape{4}), "shapes (N, 3) and (4) do not fit together",
                       ShapeError);
  CHECK_THROWS_WITH_AS(reshape(p.g, p.b, Shape{kBatch, 3}), "cannot reshape (N, 4) to (N, 3)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(reshape(p.g, p.b, Shape{4}), "cannot reshape (N, 4) to (4)", ShapeError);
}

TEST_CASE("graph: no value is larger than any device") {
  Pair p({kBatch, 1 << 20, 1 << 20}, {1 << 20, 1 << 20});
  CHECK_THROWS_WITH_AS(p.g.variable("w", {Shape{1 << 20, 1 << 20, 2}}),
                       "(1048576, 1048576, 2) would be more than 2^40 numbers", ShapeError);
  CHECK_THROWS_WITH_AS(repeat(p.g, p.a, 1, 2147483647),
                       "(N, 2251799812636672, 1048576) would be more than 2^40 numbers for each "
                       "sample",
                       ShapeError);
}

TEST_CASE("graph: shapes that do not multiply") {
  Pair p({kBatch, 3}, {4, 5});
  CHECK_THROWS_WITH_AS(matmul(p.g, p.a, p.b), "cannot multiply (N, 3) by (4, 5)", ShapeError);
  CHECK_THROWS_WITH_AS(matmul(p.g, p.a, p.b, false, true), "cannot multiply (N, 3) by (4, 5)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(matmul(p.g, p.a, p.b, true),
                       "(N, 3) and (4, 5) differ in their leading dimensions", ShapeError);
  Pair vector({kBatch}, {4, 5});
  CHECK_THROWS_WITH_AS(matmul(vector.g, vector.a, vector.b),
                       "a matrix product needs matrices, not (N) and (4, 5)", ShapeError);
}

TEST_CASE("graph: shapes that the larger ops refuse") {
  Pair p({}, {kBatch});
  CHECK_THROWS_WITH_AS(softmax(p.g, p.a), "softmax needs at least one axis", ShapeError);
  CHECK_THROWS_WITH_AS(sparse_cross_entropy(p.g, p.b, p.b),
                       "class scores (N) do not fit labels (N)", ShapeError);
  CHECK_THROWS_WITH_AS(embedding(p.g, p.b, p.b), "an embedding table is (V, D), not (N)",
                       ShapeError);
  Pair n({kBatch, 3}, {4});
  CHECK_THROWS_WITH_AS(batch_norm(n.g, n.a, n.b, n.b, 1e-3f),
                       "cannot normalise (N, 3) with (4) scales", ShapeError);
  CHECK_THROWS_WITH_AS(layer_norm(n.g, n.a, n.b, n.b, 1e-3f),
                       "cannot normalise (N, 3) with (4) scales", ShapeError);
}

TEST_CASE("graph: a batch as large as a channel count does not change what a shape means") {
  Pair p({kBatch, 3}, {kBatch});
  const ValueId y = add(p.g, p.a, p.b);
  CHECK(p.g.shape(y).to_string() == "(N, 3)");
  CHECK(spread_of(Shape{kBatch, 3}.with_batch(3), {Shape{kBatch}.with_batch(3)}) ==
        Spread::kColumn);
  CHECK(spread_of(Shape{kBatch, 3}.with_batch(3), {Shape{3}}) == Spread::kRow);
  CHECK(spread_of(Shape{kBatch, 1}.with_batch(1), {Shape{kBatch}.with_batch(1)}) ==
        Spread::kColumn);
  CHECK(spread_of(Shape{kBatch, 3}.with_batch(1), {Shape{1}}) == Spread::kScalar);
}

TEST_CASE("graph: prune keeps what leads to a target or changes a variable") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const ValueId average = g.variable("average", {Shape{2}});
  const ValueId dead = unary(g, Ew::kExp, x);
  unary(g, Ew::kLog, dead);
  const ValueId column_mean = reduce_to(g, x, Shape{2}, true);
  update_moving_average(g, average, column_mean, 0.9f);
  const ValueId y = unary(g, Ew::kTanh, x);
  const ValueId targets[] = {y};
  g.prune(targets);
  CHECK(g.to_string() ==
        "%4(2) = Reduce(x)\n"
        " = MovingAverage(average, %4)\n"
        "%5(N, 2) = Elementwise(x)\n");
  CHECK(g.producer(dead) == nullptr);
  CHECK(g.producer(y)->outputs[0] == y);
}

TEST_CASE("graph: nodes in an order in which they cannot run") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch}});
  unary(g, Ew::kTanh, unary(g, Ew::kExp, x));
  std::vector<Node> nodes = g.nodes();
  std::swap(nodes[0], nodes[1]);
  CHECK_THROWS_WITH_AS(g.replace_nodes(nodes), "graph: node 0 (Elementwise) runs before its input",
                       Error);
}

TEST_CASE("executable: what is missing is named") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch}});
  const ValueId keep[] = {unary(g, Ew::kTanh, x)};
  const KernelTable none({});
  device::CpuContext context(1);
  CHECK_THROWS_WITH_AS(Executable(g, keep, 4, none, context),
                       "this backend has no kernel for the op Elementwise", Error);
  Executable executable(g, keep, 4, cpu_kernels(), context);
  CHECK_THROWS_WITH_AS(executable.run(2), "'x' is not bound", Error);
  float memory[4] = {};
  executable.bind(x, memory);
  CHECK_THROWS_WITH_AS(executable.run(5), "batch of 5 exceeds the plan's 4", Error);
  executable.run(2);
  CHECK(executable.tensor(keep[0]).shape.to_string() == "(2)");
}

TEST_CASE("executable: the profile has a row for each node that runs") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const ValueId keep[] = {softmax(g, reshape(g, matmul(g, x, x, true), Shape{4}))};
  device::CpuContext context(1);
  Executable executable(g, keep, 3, cpu_kernels(), context);
  std::vector<float> memory(6, 1.0f);
  executable.bind(x, memory.data());
  executable.set_profiling(true);
  for (int i = 0; i < 3; ++i) executable.run(3);
  const std::vector<NodeTime> profile = executable.profile();
  REQUIRE(profile.size() == 2);  // a view does not run
  CHECK(profile[0].node->op->name() == "MatMul");
  CHECK(profile[1].node->op->name() == "Softmax");
  CHECK(profile[1].calls == 3);
}

TEST_CASE("executable: the copies of a stack are computed as if alone, what is shared is shared") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const ValueId w = g.variable("w", {Shape{2, 2}});
  const ValueId keep[] = {softmax(g, matmul(g, x, w))};
  device::CpuContext context(1);
  std::vector<float> data = {1, 2, 3, 4, 5, 6};
  std::vector<float> weights = {1, 0, 0, 1, 2, 1, 1, 0, 0.5f, 0, 1, -1};
  const auto copy_of = [](const Executable& executable, ValueId id, int64_t copy) {
    const Tensor t = executable.tensor(id, copy);
    return std::vector<float>(t.f32(), t.f32() + t.elements());
  };
  Executable stacked(g, keep, 3, cpu_kernels(), context, {.copies = 3});
  stacked.bind(x, data.data());
  stacked.bind(w, weights.data(), 4 * sizeof(float));
  for (const int64_t batch : {3, 2}) {
    stacked.run(batch);
    for (int64_t copy = 0; copy < 3; ++copy) {
      Executable alone(g, keep, 3, cpu_kernels(), context);
      alone.bind(x, data.data());
      alone.bind(w, weights.data() + 4 * copy);
      alone.run(batch);
      CHECK(copy_of(stacked, keep[0], copy) == copy_of(alone, keep[0], 0));
    }
  }
  const std::vector<float> before = copy_of(stacked, keep[0], 0);
  data[0] = 7;
  stacked.run_copy(2, 2);
  CHECK(copy_of(stacked, keep[0], 0) == before);
  const std::vector<float> last = copy_of(stacked, keep[0], 2);
  data[0] = 8;
  stacked.launch(2, {0, 2});
  CHECK(copy_of(stacked, keep[0], 1) != before);
  CHECK(copy_of(stacked, keep[0], 2) == last);
}

TEST_CASE("executable: the copies of a stack may have constants of their own, and nothing else") {
  const auto scaled = [](float factor) {
    Graph g;
    scale(g, g.input("x", {Shape{kBatch}}), factor);
    return g;
  };
  const Graph twice = scaled(2);
  const Graph thrice = scaled(3);
  const ValueId y = twice.nodes()[0].outputs[0];
  const ValueId keep[] = {y};
  device::CpuContext context(1);
  Executable executable(twice, keep, 1, cpu_kernels(), context, {.copies = 3});
  float x = 5;
  executable.bind(0, &x);
  const Graph* const others[] = {&thrice, &twice};
  executable.vary(others);
  executable.run(1);
  CHECK(executable.tensor(y, 0).f32()[0] == 10);
  CHECK(executable.tensor(y, 1).f32()[0] == 15);
  CHECK(executable.tensor(y, 2).f32()[0] == 10);
  Graph other;
  offset(other, other.input("x", {Shape{kBatch, 2}}), 1);
  scale(other, y, 2);
  const Graph* const two[] = {&other, &other};
  CHECK_THROWS_WITH(executable.vary(two), "the copies of a stack are not of one graph");
}
