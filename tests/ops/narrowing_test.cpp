#include "ops/narrowing.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/device_backends.h"
#include "ops/device_check.h"
#include "ops/device_run.h"
#include "ops/elementwise/summed_gradient.h"
#include "ops/functions.h"
#include "ops/fusion.h"
#include "ops/harness.h"
#include "ops/product/matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kInputs = 20, kUnits = 48, kOutputs = 3, kRows = 37;

// Two layers, the first with relu, and the gradients of their weights.
struct Net {
  Graph graph;
  std::vector<ValueId> inputs;
  std::vector<ValueId> keep;

  Net(Precision precision, bool has_bias, bool joins = false) {
    inputs = {graph.input("x", {Shape{kBatch, kInputs}}),
              graph.variable("first", {Shape{kInputs, kUnits}}),
              graph.variable("second", {Shape{kUnits, kOutputs}})};
    std::vector<ValueId> wrt = {inputs[1], inputs[2]};
    ValueId y = matmul(graph, inputs[0], inputs[1]);
    if (has_bias) {
      inputs.push_back(graph.variable("bias", {Shape{kUnits}}));
      wrt.push_back(inputs.back());
      y = add(graph, y, inputs.back());
    }
    const ValueId result = matmul(graph, unary(graph, Ew::kRelu, y), inputs[2]);
    const ValueId objective = sum(graph, unary(graph, Ew::kSquare, result));
    keep = {result};
    for (const ValueId grad : graph::differentiate(graph, objective, wrt, autodiff_ops())) {
      keep.push_back(grad);
    }
    graph.prune(keep);
    set_precision(graph, precision);
    fuse(graph, keep);
    if (joins) join_sums(graph);
  }

  Words memory() const {
    Words all;
    for (const ValueId id : inputs) {
      const Shape& shape = graph.shape(id);
      all.push_back(draw({shape, -1, 1}, shape.elements(kRows), static_cast<uint64_t>(id) + 1));
    }
    return all;
  }
};

int count(const Graph& graph, DType dtype) {
  int found = 0;
  for (const graph::Value& value : graph.values()) found += value.type.dtype == dtype;
  return found;
}

// Of the net as it is, and narrowed.
std::pair<Words, Words> results_on(const DeviceBackend& device, const Net& net) {
  Graph narrowed = net.graph;
  narrow(narrowed, net.keep);
  const auto run = [&](const Graph& graph) {
    const std::vector<Words> memory = {net.memory()};
    return DeviceRun{graph,           net.inputs, net.keep, *device.kernels,
                     *device.context, kRows,      kRows,    0}(memory)[0];
  };
  return {run(net.graph), run(narrowed)};
}

// By the largest of all values: the length of the difference over the length.
double distance_of(const Words& a, const Words& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    double difference = 0;
    double length = 0;
    for (size_t j = 0; j < a[i].size(); ++j) {
      difference += std::pow(a[i][j] - b[i][j], 2);
      length += std::pow(b[i][j], 2);
    }
    most = std::max(most, std::sqrt(difference / length));
  }
  return most;
}

}  // namespace

TEST_CASE("narrowing: what only products of 16 bits read, and relu and its gradient") {
  for (const bool has_bias : {false, true}) {
    const std::pair<Precision, DType> all[] = {{Precision::kBfloat16, DType::kBfloat16},
                                               {Precision::kFloat16, DType::kFloat16}};
    for (const auto& [precision, dtype] : all) {
      Net net(precision, has_bias);
      narrow(net.graph, net.keep);
      // relu(x W + b), the gradient in front of it, and that of the result; x and the second
      // weights, which two products read, rounded.
      CHECK(count(net.graph, dtype) == 5);
      for (const ValueId id : net.keep) CHECK(net.graph.value(id).type.dtype == DType::kFloat32);
      for (const ValueId id : net.inputs) CHECK(net.graph.value(id).type.dtype == DType::kFloat32);
    }
  }
}

TEST_CASE("narrowing: nothing in other precisions, and nothing that other operations read") {
  for (const Precision precision : {Precision::kFloat32, Precision::kTfloat32}) {
    Net net(precision, true);
    narrow(net.graph, net.keep);
    CHECK(count(net.graph, DType::kFloat32) == static_cast<int>(net.graph.values().size()));
  }
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, kInputs}});
  const ValueId w = g.variable("w", {Shape{kInputs, kInputs}});
  const ValueId y = matmul(g, x, w);
  const ValueId keep[] = {matmul(g, y, w), softmax(g, y)};
  set_precision(g, Precision::kBfloat16);
  narrow(g, keep);
  CHECK(g.value(y).type.dtype == DType::kFloat32);
}

TEST_CASE("narrowing: the numbers that products round in any case are the same bits") {
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    for (const Precision precision : {Precision::kBfloat16, Precision::kFloat16}) {
      const auto [wide, narrowed] = results_on(device, Net(precision, false));
      if (device.bitwise) {
        CHECK(same_bits(wide, narrowed));
      } else {
        CHECK(distance_of(narrowed, wide) < 1e-4);
      }
    }
  }
}

TEST_CASE("narrowing: what is rounded before a bias is added is near what it was") {
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    for (const Precision precision : {Precision::kBfloat16, Precision::kFloat16}) {
      const auto [wide, narrowed] = results_on(device, Net(precision, true));
      CHECK_FALSE(same_bits(wide, narrowed));
      CHECK(distance_of(narrowed, wide) < 2e-2);
    }
  }
}

TEST_CASE("narrowing: a product is narrow too whose gradient is summed") {
  Net net(Precision::kBfloat16, true, true);
  narrow(net.graph, net.keep);
  CHECK(count(net.graph, DType::kBfloat16) == 6);
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    const auto [wide, narrowed] = results_on(device, Net(Precision::kBfloat16, true, true));
    CHECK(distance_of(narrowed, wide) < 2e-2);
  }
}

TEST_CASE("narrowing: a lost weight shows behind relu") {
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    Net net(Precision::kBfloat16, true);
    narrow(net.graph, net.keep);
    std::vector<Words> memory = {net.memory()};
    memory[0][1][0] = NAN;
    const Words found = DeviceRun{net.graph,       net.inputs, net.keep, *device.kernels,
                                  *device.context, kRows,      kRows,    0}(memory)[0];
    CHECK(std::all_of(found[0].begin(), found[0].end(), [](float x) { return std::isnan(x); }));
  }
}
