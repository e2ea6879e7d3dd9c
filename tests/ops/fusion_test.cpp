#include "ops/fusion.h"

#include <doctest/doctest.h>

#include <bit>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "graph/random_graph.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"
#include "ops/harness.h"
#include "ops/product/matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using mlrun::graph::testing::random_graph;
using mlrun::graph::testing::RandomGraph;

namespace {

// The kept values' bits, and those of the variables, after two runs.
std::vector<uint32_t> run_twice(const RandomGraph& r, const Graph& graph) {
  constexpr int64_t kSamples = 9;
  device::CpuContext context(1);
  graph::Executable executable(graph, r.keep, kSamples, cpu_kernels(), context);
  std::vector<std::vector<float>> memory;
  for (const ValueId id : r.bound) {
    const Shape& shape = graph.shape(id);
    memory.push_back(testing::draw({shape, -1, 1}, shape.elements(kSamples), size_t(id)));
    executable.bind(id, memory.back().data());
  }
  executable.run(kSamples);
  executable.run(kSamples);
  std::vector<uint32_t> bits;
  for (const ValueId id : r.keep) {
    const Tensor t = executable.tensor(id);
    for (int64_t i = 0; i < t.elements(); ++i) bits.push_back(std::bit_cast<uint32_t>(t.f32()[i]));
  }
  for (const std::vector<float>& m : memory) {
    for (const float v : m) bits.push_back(std::bit_cast<uint32_t>(v));
  }
  return bits;
}

size_t count(const Graph& g, std::string_view op) {
  size_t n = 0;
  for (const graph::Node& node : g.nodes()) n += node.op->name() == op;
  return n;
}

}  // namespace

TEST_CASE("fusion: a dense layer with its activation is one node") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId w = g.variable("w", {Shape{3, 2}});
  const ValueId b = g.variable("b", {Shape{2}});
  const ValueId y = unary(g, Ew::kRelu, add(g, matmul(g, x, w), b));
  const ValueId keep[] = {y};
  fuse(g, keep);
  REQUIRE(g.nodes().size() == 1);
  CHECK(g.to_string() == "%" + std::to_string(y) + "(N, 2) = MatMul(x, w, b)\n");
  const auto& op = dynamic_cast<const MatMulOp&>(*g.nodes()[0].op);
  REQUIRE(op.epilogue() != nullptr);
  REQUIRE(op.epilogue()->code().size() == 1);
  CHECK(op.epilogue()->code()[0].code == Ew::kAddRelu);
}

TEST_CASE("fusion: a sum that something else reads stays beside its activation") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId b = g.variable("b", {Shape{3}});
  const ValueId sum = add(g, x, b);
  const ValueId y = unary(g, Ew::kRelu, sum);
  const ValueId keep[] = {y, sum};
  fuse(g, keep);
  REQUIRE(g.nodes().size() == 1);
  CHECK(g.nodes()[0].outputs == std::vector<ValueId>{sum, y});
  CHECK(dynamic_cast<const ElementwiseOp&>(*g.nodes()[0].op).code().size() == 2);
}

TEST_CASE("fusion: kept values stay outputs") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId a = unary(g, Ew::kExp, x);
  const ValueId b = unary(g, Ew::kTanh, a);
  const ValueId c = unary(g, Ew::kSquare, b);
  const ValueId keep[] = {a, c};
  fuse(g, keep);
  REQUIRE(g.nodes().size() == 1);
  CHECK(g.nodes()[0].outputs == std::vector<ValueId>{a, c});
}

TEST_CASE("fusion: a product that something else reads keeps a node of its own") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId w = g.variable("w", {Shape{3, 3}});
  const ValueId product = matmul(g, x, w);
  const ValueId y = unary(g, Ew::kRelu, product);
  const ValueId keep[] = {y, product};
  Graph kept = g;
  fuse(kept, keep);
  CHECK(kept.nodes().size() == 2);
  const ValueId further[] = {y, softmax(g, product)};
  fuse(g, further);
  CHECK(g.nodes().size() == 3);
}

TEST_CASE("fusion: what nobody reads does not stop it") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  unary(g, Ew::kTanh, unary(g, Ew::kExp, x));
  fuse(g, {});
  REQUIRE(g.nodes().size() == 1);
  CHECK(g.nodes()[0].outputs.size() == 1);
}

TEST_CASE("fusion: reads of a variable stay on their side of its change") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId batch = g.input("batch", {Shape{3}});
  const ValueId v = g.variable("v", {Shape{3}});
  const ValueId before = add(g, unary(g, Ew::kExp, x), v);
  update_moving_average(g, v, batch, 0.5f);
  const ValueId after = add(g, before, v);
  const ValueId keep[] = {before, after};
  fuse(g, keep);
  REQUIRE(g.nodes().size() == 3);
  CHECK(g.nodes()[0].outputs == std::vector<ValueId>{before});
  CHECK(g.nodes()[1].op->name() == "MovingAverage");
  CHECK(g.nodes()[2].outputs == std::vector<ValueId>{after});
}

TEST_CASE("fusion: a product does not move behind a change of its weights") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  const ValueId w = g.variable("w", {Shape{3, 3}});
  const ValueId average = g.input("average", {Shape{3, 3}});
  const ValueId product = matmul(g, x, w);
  update_moving_average(g, w, average, 0.5f);
  const ValueId keep[] = {unary(g, Ew::kRelu, add(g, product, reduce_to(g, w, Shape{3})))};
  fuse(g, keep);
  REQUIRE(count(g, "MatMul") == 1);
  CHECK(g.nodes()[0].op->name() == "MatMul");
  CHECK(dynamic_cast<const MatMulOp&>(*g.nodes()[0].op).epilogue() == nullptr);
}

TEST_CASE("fusion: random graphs give the same bits") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed ", seed);
    const RandomGraph r = random_graph(seed);
    Graph pruned = r.graph;
    pruned.prune(r.keep);
    Graph fused = pruned;
    fuse(fused, r.keep);
    CHECK(fused.nodes().size() <= pruned.nodes().size());
    const std::vector<uint32_t> want = run_twice(r, r.graph);
    CHECK((run_twice(r, pruned) == want));
    CHECK((run_twice(r, fused) == want));
    Graph unpruned = r.graph;
    fuse(unpruned, r.keep);
    CHECK((run_twice(r, unpruned) == want));
  }
}
