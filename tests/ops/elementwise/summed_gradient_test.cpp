#include "ops/elementwise/summed_gradient.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ops/device_backends.h"
#include "ops/device_check.h"
#include "ops/device_run.h"
#include "ops/functions.h"
#include "ops/fusion.h"
#include "ops/harness.h"
#include "ops/narrowing.h"
#include "ops/product/matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kInner = 5;

// The gradient of an activation, of dy as it comes or behind a product, and its sum over the rows.
struct Gradient {
  Graph graph;
  std::vector<ValueId> inputs;
  std::vector<ValueId> keep;

  Gradient(Ew code, int64_t width, bool behind_product) {
    inputs = {graph.input("y", {Shape{kBatch, width}})};
    ValueId dy = inputs[0];
    if (behind_product) {
      inputs.push_back(graph.input("dz", {Shape{kBatch, kInner}}));
      inputs.push_back(graph.variable("w", {Shape{kInner, width}}));
      dy = matmul(graph, inputs[1], inputs[2]);
    } else {
      inputs.push_back(graph.input("dy", {Shape{kBatch, width}}));
      dy = inputs[1];
    }
    const ValueId gradient = binary(graph, code, inputs[0], dy);
    keep = {gradient, reduce_to(graph, gradient, Shape{width}, false)};
    fuse(graph, keep);
  }

  Words memory(int64_t rows, uint64_t salt) const {
    Words all;
    for (const ValueId id : inputs) {
      const Shape& shape = graph.shape(id);
      all.push_back(draw({shape, -1, 1}, shape.elements(rows), salt + static_cast<uint64_t>(id)));
    }
    return all;
  }
};

Graph joined(const Graph& graph) {
  Graph copy = graph;
  join_sums(copy);
  return copy;
}

int64_t count_nodes(const Graph& graph, std::string_view op) {
  return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                       [&](const graph::Node& node) { return node.op->name() == op; });
}

// Two copies of a stack.
std::vector<Words> run_on(const DeviceBackend& device, const Gradient& c, const Graph& graph,
                          int64_t rows) {
  const std::vector<Words> memory = {c.memory(rows, 1), c.memory(rows, 100)};
  return DeviceRun{
      graph, c.inputs, c.keep, *device.kernels, *device.context, rows, rows, 0}(memory);
}

double difference_of(const std::vector<float>& a, const std::vector<float>& b) {
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - b[i]) / (1 + std::abs(b[i])));
  }
  return most;
}

}  // namespace

TEST_CASE(
    "summed gradient: a gradient and its sum become one node, a product before it stays one") {
  const Gradient plain(Ew::kReluGrad, 16, false);
  CHECK(count_nodes(plain.graph, "Reduce") == 1);
  CHECK(count_nodes(joined(plain.graph), "SummedGradient") == 1);
  CHECK(joined(plain.graph).nodes().size() == 1);
  const Gradient behind(Ew::kReluGrad, 16, true);
  CHECK(behind.graph.nodes().size() == 2);
  const Graph found = joined(behind.graph);
  CHECK(found.nodes().size() == 2);
  CHECK(count_nodes(found, "MatMul") == 1);
  CHECK(count_nodes(found, "SummedGradient") == 1);
}

TEST_CASE("summed gradient: not of rows that are no whole chunks, nor of other instructions") {
  CHECK(count_nodes(joined(Gradient(Ew::kReluGrad, 12, true).graph), "SummedGradient") == 0);
  CHECK(count_nodes(joined(Gradient(Ew::kMul, 16, true).graph), "SummedGradient") == 0);
}

TEST_CASE("summed gradient: the numbers are those of the gradient and of its sum") {
  const Ew codes[] = {Ew::kReluGrad, Ew::kSigmoidGrad,   Ew::kTanhGrad, Ew::kSoftsignGrad,
                      Ew::kGeluGrad, Ew::kLeakyReluGrad, Ew::kEluGrad,  Ew::kHardSigmoidGrad};
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    for (const Ew code : codes) {
      const bool some = code == Ew::kReluGrad;
      for (const int64_t rows : {int64_t{1}, int64_t{37}, int64_t{130}}) {
        const Gradient c(code, some ? 72 : 64, some);
        CAPTURE(rows);
        const std::vector<Words> wanted = run_on(device, c, c.graph, rows);
        const std::vector<Words> found = run_on(device, c, joined(c.graph), rows);
        for (size_t copy = 0; copy < found.size(); ++copy) {
          CHECK(difference_of(found[copy][0], wanted[copy][0]) < 1e-6);
          CHECK(difference_of(found[copy][1], wanted[copy][1]) < 2e-4);
        }
      }
    }
  }
}

// What lies in memory in 16 bits is so only between products.
TEST_CASE("summed gradient: of many numbers of 16 bits, in one pass") {
  constexpr int64_t kRows = 16385;
  constexpr int64_t kUnits = 256;
  constexpr int64_t kOutputs = 4;
  Gradient c(Ew::kReluGrad, 8, false);
  Graph& g = c.graph = Graph();
  c.inputs = {g.input("x", {Shape{kBatch, kInner}}), g.variable("first", {Shape{kInner, kUnits}}),
              g.variable("bias", {Shape{kUnits}}), g.variable("second", {Shape{kUnits, kOutputs}})};
  const ValueId sum_of_first = add(g, matmul(g, c.inputs[0], c.inputs[1]), c.inputs[2]);
  const ValueId result = matmul(g, unary(g, Ew::kRelu, sum_of_first), c.inputs[3]);
  const ValueId objective = sum(g, unary(g, Ew::kSquare, result));
  const ValueId wrt[] = {c.inputs[1], c.inputs[2]};
  c.keep = graph::differentiate(g, objective, wrt, autodiff_ops());
  g.prune(c.keep);
  set_precision(g, Precision::kBfloat16);
  fuse(g, c.keep);
  Graph apart = g;
  Graph together = joined(g);
  CHECK(count_nodes(together, "SummedGradient") == 1);
  narrow(apart, c.keep);
  narrow(together, c.keep);
  for (const DeviceBackend& device : device_backends()) {
    INFO(device.name);
    const std::vector<Words> wanted = run_on(device, c, apart, kRows);
    const std::vector<Words> found = run_on(device, c, together, kRows);
    for (size_t copy = 0; copy < found.size(); ++copy) {
      for (size_t i = 0; i < c.keep.size(); ++i) {
        CHECK(difference_of(found[copy][i], wanted[copy][i]) < 1e-3);
      }
    }
  }
}
