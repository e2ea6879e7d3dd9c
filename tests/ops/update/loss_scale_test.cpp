#include "ops/update/loss_scale.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "device/cpu_context.h"
#include "ops/cpu_kernels.h"
#include "ops/device_backends.h"
#include "ops/device_run.h"
#include "ops/harness.h"
#include "ops/update/update.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// More gradients than one launch takes, and one that threads share.
constexpr int64_t kCounts[] = {1, 7, 40000, 3, 5, 2, 9, 4, 6, 1, 1, 12, 30, 8, 2, 3, 17, 64};

// Scale, counts and gradients; what comes out is behind them in the results.
struct Unscale {
  Graph graph;
  std::vector<ValueId> inputs;
  std::vector<ValueId> keep;

  explicit Unscale(const LossScaleSettings& settings) {
    inputs = {graph.variable("scale", {Shape{}}), graph.variable("counts", {Shape{2}})};
    for (const int64_t count : kCounts) {
      inputs.push_back(graph.variable("g" + std::to_string(inputs.size()), {Shape{count}}));
    }
    keep = inputs;
    const auto outputs = graph.apply_multi(std::make_shared<UnscaleOp>(settings), inputs);
    keep.insert(keep.end(), outputs.begin(), outputs.end());
  }

  Words start(float scale, size_t copy = 0) const {
    Words memory = {{scale}, {0, 0}};
    for (size_t i = 2; i < inputs.size(); ++i) {
      memory.push_back(draw({{kCounts[i - 2]}, -9, 9}, kCounts[i - 2], 100 * copy + i));
      memory.back().pop_back();
    }
    return memory;
  }
};

struct Place {
  std::string name;
  const graph::KernelTable* kernels;
  device::Context* context;
  bool stacks;
};

std::vector<Place> places() {
  static device::CpuContext one(1);
  static device::CpuContext three(3);
  std::vector<Place> all = {{"CPU", &cpu_kernels(), &one, false},
                            {"CPU, 3 threads", &cpu_kernels(), &three, false}};
  for (const DeviceBackend& device : device_backends()) {
    all.push_back({device.name, device.kernels, device.context.get(), true});
  }
  return all;
}

std::vector<Words> run(const Unscale& op, const Place& place, const std::vector<Words>& memory) {
  return DeviceRun{op.graph, op.inputs, op.keep, *place.kernels, *place.context, 1, 1}(memory);
}

Words run(const Unscale& op, const Place& place, const Words& memory) {
  return run(op, place, std::vector<Words>(1, memory))[0];
}

// Scale and counts after each step; `bad` says which steps see an infinite gradient.
std::vector<std::array<float, 3>> follow(const LossScaleSettings& settings, float scale,
                                         const std::vector<bool>& bad, const Place& place) {
  const Unscale op(settings);
  Words memory = op.start(scale);
  std::vector<std::array<float, 3>> steps;
  for (const bool infinite : bad) {
    memory[4][39999] = infinite ? kInfinity : 1;
    const Words results = run(op, place, memory);
    memory[0] = results[0];
    memory[1] = results[1];
    steps.push_back({memory[0][0], memory[1][0], memory[1][1]});
    const std::vector<float>& gate = results[op.inputs.size()];
    CHECK(gate == std::vector<float>{infinite ? 0.0f : 1.0f, memory[1][1]});
  }
  return steps;
}

using Steps = std::vector<std::array<float, 3>>;

}  // namespace

TEST_CASE("loss scale: gradients are divided by it") {
  const Unscale op({});
  const Words memory = op.start(1024);
  for (const Place& place : places()) {
    INFO(place.name);
    const Words results = run(op, place, memory);
    for (size_t i = 2; i < memory.size(); ++i) {
      const std::vector<float>& got = results[op.inputs.size() + i - 1];
      REQUIRE(got.size() == memory[i].size());
      for (size_t k = 0; k < got.size(); ++k) CHECK(got[k] == memory[i][k] / 1024);
    }
  }
}

TEST_CASE("loss scale: one number that is not finite, anywhere, leaves the step out") {
  const Unscale op({});
  const Words finite = op.start(1024);
  for (const Place& place : places()) {
    INFO(place.name);
    for (const float wrong : {kInfinity, -kInfinity, kNaN}) {
      for (size_t i = 2; i < op.inputs.size(); ++i) {
        Words memory = finite;
        memory[i].back() = wrong;
        const Words results = run(op, place, memory);
        CHECK(results[op.inputs.size()] == std::vector<float>{0, 1});
        CHECK(results[0][0] == 512);
      }
    }
  }
}

TEST_CASE("loss scale: it is doubled after good steps in a row, halved after every other") {
  for (const Place& place : places()) {
    INFO(place.name);
    CHECK(follow({.dynamic = true, .growth_steps = 2}, 8,
                 {false, false, false, true, false, true, true, false, false},
                 place) == Steps{{8, 1, 0},
                                 {16, 0, 0},
                                 {16, 1, 0},
                                 {8, 0, 1},
                                 {8, 1, 1},
                                 {4, 0, 2},
                                 {2, 0, 3},
                                 {2, 1, 3},
                                 {4, 0, 3}});
  }
}

TEST_CASE("loss scale: it stays between 1 and what is finite; a fixed one stays") {
  for (const Place& place : places()) {
    INFO(place.name);
    CHECK(follow({.dynamic = true, .growth_steps = 1}, 3, {true, true}, place) ==
          Steps{{1.5f, 0, 1}, {1, 0, 2}});
    CHECK(follow({.dynamic = true, .growth_steps = 1}, 0x1p126f, {false, false}, place) ==
          Steps{{0x1p127f, 0, 0}, {0x1p127f, 0, 0}});
    CHECK(follow({.dynamic = false, .growth_steps = 1}, 8, {false, true, false}, place) ==
          Steps{{8, 1, 0}, {8, 0, 1}, {8, 1, 1}});
  }
}

TEST_CASE("loss scale: each copy of a stack has its own") {
  const Unscale op({.dynamic = true, .growth_steps = 1});
  std::vector<Words> memory = {op.start(8, 0), op.start(16, 1), op.start(32, 2)};
  memory[1][2][0] = kNaN;
  for (const Place& place : places()) {
    if (!place.stacks) continue;
    INFO(place.name);
    const std::vector<Words> stack = run(op, place, memory);
    CHECK(stack[0][0][0] == 16);
    CHECK(stack[1][0][0] == 8);
    CHECK(stack[2][0][0] == 64);
    for (const size_t copy : {size_t{0}, size_t{2}}) {
      CHECK(stack[copy] == run(op, place, memory[copy]));
    }
  }
}

TEST_CASE("update: a closed gate changes nothing; an open one does not count what was left out") {
  UpdateSettings s{.rule = UpdateRule::kAdam};
  s.weight_decay = 0.1f;
  s.global_clipnorm = 0.5f;
  Graph gated;
  Graph plain;
  std::vector<ValueId> inputs = {gated.input("state", {Shape{2}}), gated.input("gate", {Shape{2}})};
  std::vector<ValueId> fewer = {plain.input("state", {Shape{2}})};
  for (const char* name : {"p", "g", "m", "v"}) {
    inputs.push_back(gated.variable(name, {Shape{3}}));
    fewer.push_back(plain.variable(name, {Shape{3}}));
  }
  gated.apply_multi(std::make_shared<UpdateOp>(s, true), inputs);
  plain.apply_multi(std::make_shared<UpdateOp>(s), fewer);
  const Words four = {{1, 2, 3}, {0.5f, -1, 0}, {0.1f, 0.2f, 0.3f}, {0.1f, 0.1f, 0.4f}};
  for (const Place& place : places()) {
    INFO(place.name);
    const auto results = [&](const Graph& g, const std::vector<ValueId>& ids, Words memory) {
      memory.insert(memory.end(), four.begin(), four.end());
      return DeviceRun{g, ids, std::span(ids).last(4), *place.kernels, *place.context, 1, 1}(
          std::vector<Words>(1, memory))[0];
    };
    CHECK(results(gated, inputs, {{0.1f, 7}, {0, 3}}) == four);
    CHECK(results(gated, inputs, {{0.1f, 7}, {1, 3}}) == results(plain, fewer, {{0.1f, 4}}));
  }
}
