#include "graph/plan.h"

#include <doctest/doctest.h>

#include <map>

#include "graph/random_graph.h"
#include "ops/functions.h"
#include "ops/fusion.h"

using namespace mlrun;
using namespace mlrun::graph;
using namespace mlrun::ops;

namespace {

constexpr int64_t kMaxBatch = 40;

// Plays the plan: which value owns each cell of the arena, node by node.
class Arena {
 public:
  Arena(const Graph& graph, const Plan& plan) : graph_(graph), plan_(plan) {
    for (size_t id = 0; id < graph.values().size(); ++id) {
      source_.push_back(static_cast<ValueId>(id));
    }
  }

  void play() {
    for (const Node& node : graph_.nodes()) {
      for (const ValueId input : node.inputs) CHECK(intact(input));
      if (node.op->is_view()) {
        source_[size_t(node.outputs[0])] = source_[size_t(node.inputs[0])];
        continue;
      }
      for (size_t o = 0; o < node.outputs.size(); ++o) {
        for (size_t other = 0; other < o; ++other) {
          CHECK_FALSE(overlap(node.outputs[o], node.outputs[other]));
        }
        for (size_t i = 0; i < node.inputs.size(); ++i) {
          const bool allowed = node.op->may_overwrite(static_cast<int>(i), static_cast<int>(o));
          CHECK((allowed || !overlap(node.inputs[i], node.outputs[o])));
        }
      }
      for (const ValueId output : node.outputs) {
        for (const int64_t cell : cells(output)) owner_[cell] = output;
      }
    }
  }

  // Whether the value's memory still holds it.
  bool intact(ValueId id) const {
    for (const int64_t cell : cells(id)) {
      const auto at = owner_.find(cell);
      if (at == owner_.end() || at->second != source_[static_cast<size_t>(id)]) return false;
    }
    return true;
  }

 private:
  std::vector<int64_t> cells(ValueId id) const {
    const Placement& place = plan_.placements[static_cast<size_t>(id)];
    std::vector<int64_t> all;
    if (place.kind != Placement::Kind::kArena) return all;
    const int64_t end = place.offset + graph_.value(id).type.bytes(kMaxBatch);
    CHECK(end <= plan_.workspace_offset);
    for (int64_t at = place.offset; at < end; at += kAlignment) all.push_back(at);
    return all;
  }

  bool overlap(ValueId a, ValueId b) const {
    for (const int64_t x : cells(a)) {
      for (const int64_t y : cells(b)) {
        if (x == y) return true;
      }
    }
    return false;
  }

  const Graph& graph_;
  const Plan& plan_;
  std::vector<ValueId> source_;  ///< of a view: the value whose memory it shows
  std::map<int64_t, ValueId> owner_;
};

void check_plan(const Graph& graph, std::span<const ValueId> keep) {
  const Plan plan = make_plan(graph, keep, kMaxBatch);
  CHECK(plan.workspace_offset <= plan.arena_bytes);
  CHECK(plan.workspace_offset <= plan.unshared_bytes);
  Arena arena(graph, plan);
  arena.play();
  for (const ValueId id : keep) CHECK(arena.intact(id));
}

}  // namespace

TEST_CASE("plan: no value is overwritten while somebody still reads it") {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed ", seed);
    graph::testing::RandomGraph r = graph::testing::random_graph(seed);
    check_plan(r.graph, r.keep);
    fuse(r.graph, r.keep);
    check_plan(r.graph, r.keep);
  }
}

TEST_CASE("plan: an elementwise chain runs in one buffer") {
  Graph g;
  ValueId x = unary(g, Ew::kExp, g.input("x", {Shape{kBatch, 100}}));
  for (int i = 0; i < 10; ++i) x = unary(g, Ew::kTanh, x);
  const ValueId keep[] = {x};
  const Plan plan = make_plan(g, keep, 16);
  CHECK(plan.arena_bytes == 16 * 100 * 4);
}

TEST_CASE("plan: a value that is read later is not overwritten") {
  Graph g;
  const ValueId a = unary(g, Ew::kExp, g.input("x", {Shape{kBatch, 16}}));
  const ValueId b = unary(g, Ew::kTanh, a);
  const ValueId keep[] = {mul(g, a, b)};
  const Plan plan = make_plan(g, keep, 16);
  CHECK(plan.placements[size_t(a)].offset != plan.placements[size_t(b)].offset);
  CHECK(plan.placements[size_t(keep[0])].offset == plan.placements[size_t(a)].offset);
}

TEST_CASE("plan: a view lies where its source lies, and keeps it alive") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 4}});
  const ValueId of_input = reshape(g, x, Shape{kBatch, 2, 2});
  const ValueId a = unary(g, Ew::kExp, x);
  const ValueId view = reshape(g, a, Shape{kBatch, 2, 2});
  const ValueId b = softmax(g, unary(g, Ew::kTanh, x));
  const ValueId keep[] = {add(g, view, of_input), b};
  const Plan plan = make_plan(g, keep, 16);
  CHECK(plan.placements[size_t(of_input)].kind == Placement::Kind::kExternal);
  CHECK(plan.placements[size_t(of_input)].external == x);
  CHECK(plan.placements[size_t(view)].offset == plan.placements[size_t(a)].offset);
  CHECK(plan.placements[size_t(b)].offset != plan.placements[size_t(a)].offset);
}

TEST_CASE("plan: an operand read through a view is not overwritten before it is read") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch}});
  const ValueId c = g.input("c", {Shape{kBatch, 1}});
  const ValueId a = unary(g, Ew::kExp, softmax(g, x));
  const ValueId view = reshape(g, a, Shape{kBatch, 1});
  const ValueId t = mul(g, a, c);
  const ValueId u = add(g, t, view);
  const ValueId keep[] = {t, u};
  fuse(g, keep);
  check_plan(g, keep);
}

TEST_CASE("plan: sharing makes the arena much smaller") {
  Graph g;
  ValueId x = g.input("x", {Shape{kBatch, 64}});
  const ValueId w = g.variable("w", {Shape{64, 64}});
  for (int i = 0; i < 10; ++i) x = unary(g, Ew::kRelu, matmul(g, x, w));
  const ValueId keep[] = {x};
  const Plan plan = make_plan(g, keep, kMaxBatch);
  CHECK(plan.unshared_bytes == 10 * kMaxBatch * 64 * 4);
  CHECK(plan.arena_bytes == 2 * kMaxBatch * 64 * 4);
}

TEST_CASE("plan: its numbers for one product") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 10}});
  const ValueId w = g.variable("w", {Shape{10, 3}});
  const ValueId keep[] = {matmul(g, x, w)};
  const Plan plan = make_plan(g, keep, 8);
  CHECK(plan.cost.flops == 2 * 8 * 10 * 3);
  CHECK(plan.cost.bytes == 4 * (8 * 10 + 10 * 3 + 8 * 3));
  CHECK(plan.arena_bytes == 2 * kAlignment);
}
