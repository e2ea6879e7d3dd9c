#include "ops/sparse/aggregate.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "graph/op.h"
#include "ops/functions.h"
#include "ops/sample_graphs.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Sizes kAggregateSizes[] = {{0, 3}, {1, 1}, {3, 5}, {17, 67}};

// What the arc counts; `to` itself is an arc too where the sum is symmetric.
double coefficient(const DenseGraph& g, Aggregation kind, int64_t to, int64_t from) {
  const auto degree = [&](int64_t node) {
    double sum = 1;
    for (int64_t j = 0; j < g.nodes; ++j) sum += g.at(node, j);
    return sum;
  };
  if (kind == Aggregation::kSum) return g.at(to, from);
  if (kind == Aggregation::kSymmetric) {
    return (g.at(to, from) + (to == from)) / std::sqrt(degree(to) * degree(from));
  }
  double arcs = 0;
  for (int64_t j = 0; j < g.nodes; ++j) arcs += g.at(to, j) != 0;
  return g.at(to, from) != 0 ? 1 / arcs : 0;
}

std::vector<Input> node_inputs(const SampleGraphs& graphs, int64_t width) {
  std::vector<Input> inputs = {{graphs.at_nodes(width)}};
  if (graphs.many()) inputs.push_back(graphs.which());
  return inputs;
}

// y = rule of the graph, node and channel; rows of padding stay 0.
template <class Rule>
Case node_case(const std::string& name, const SampleGraphs& graphs,
               std::function<ValueId(Graph&, std::span<const ValueId>)> build, Rule rule) {
  return {name,
          [=](int64_t width) { return node_inputs(graphs, width); },
          std::move(build),
          [=](std::span<const Array> x, Sizes s) {
            Array y(x[0].size());
            graphs.for_each(
                graphs.many() ? &x[1] : nullptr, [&](const DenseGraph& g, int64_t row, int64_t) {
                  for (int64_t i = 0; i < g.nodes * s.width; ++i) {
                    const auto value = [&](int64_t node) {
                      return x[0][static_cast<size_t>((row + node) * s.width + i % s.width)];
                    };
                    y[static_cast<size_t>(row * s.width + i)] = rule(g, i / s.width, value);
                  }
                });
            return y;
          },
          true,
          1e-5,
          1};
}

ValueId which_of(std::span<const ValueId> x) { return x.size() > 1 ? x[1] : graph::kNoValue; }

Case aggregate_case(const SampleGraphs& graphs, Aggregation kind) {
  return node_case(
      "aggregate " + std::to_string(static_cast<int>(kind)), graphs,
      [=](Graph& g, std::span<const ValueId> x) {
        return aggregate(g, graphs.adjacency, kind, x[0], which_of(x));
      },
      [=](const DenseGraph& g, int64_t to, const auto& value) {
        double sum = 0;
        for (int64_t from = 0; from < g.nodes; ++from) {
          sum += coefficient(g, kind, to, from) * value(from);
        }
        return sum;
      });
}

Case max_case(const SampleGraphs& graphs) {
  return node_case(
      "neighbour max", graphs,
      [=](Graph& g, std::span<const ValueId> x) {
        return neighbour_max(g, graphs.adjacency, x[0], which_of(x));
      },
      [](const DenseGraph& g, int64_t to, const auto& value) {
        double most = -1e30;
        for (int64_t from = 0; from < g.nodes; ++from) {
          if (g.at(to, from) != 0) most = std::max(most, value(from));
        }
        return most == -1e30 ? 0 : most;
      });
}

}  // namespace

TEST_CASE("aggregate: sums, means and symmetric sums are products with dense matrices") {
  for (const Aggregation kind : {Aggregation::kSum, Aggregation::kMean, Aggregation::kSymmetric}) {
    check(aggregate_case(one_graph(1), kind), kAggregateSizes);
    check(aggregate_case(one_graph(40), kind), kAggregateSizes);
    check(aggregate_case(many_graphs(), kind), kAggregateSizes);
  }
}

TEST_CASE("aggregate: the gradient has one too") {
  const SampleGraphs graphs = one_graph(9);
  Case c = aggregate_case(graphs, Aggregation::kMean);
  c.name += ", twice";
  const auto once = c.reference;
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    const ValueId y = aggregate(g, graphs.adjacency, Aggregation::kMean, x[0]);
    return aggregate(g, graphs.adjacency, Aggregation::kMean, mul(g, y, y));
  };
  c.reference = [=](std::span<const Array> x, Sizes s) {
    Array squares = once(x, s);
    for (double& value : squares) value *= value;
    return once(std::span(&squares, 1), s);
  };
  check(c, kAggregateSizes);
}

TEST_CASE("aggregate: the largest of the neighbours") {
  check(max_case(one_graph(1)), kAggregateSizes);
  check(max_case(one_graph(40)), kAggregateSizes);
  check(max_case(many_graphs()), kAggregateSizes);
}

TEST_CASE("aggregate: which nodes are there") {
  const SampleGraphs graphs = many_graphs();
  const int64_t most = graphs.adjacency->most_nodes;
  check({"node mask", [=](int64_t) { return std::vector<Input>{graphs.which()}; },
         [=](Graph& g, std::span<const ValueId> x) { return node_mask(g, graphs.adjacency, x[0]); },
         [=](std::span<const Array> x, Sizes s) {
           Array y(static_cast<size_t>(s.batch * most));
           graphs.for_each(x.data(), [&](const DenseGraph& g, int64_t row, int64_t) {
             std::fill_n(y.begin() + row, g.nodes, 1.0);
           });
           return y;
         },
         false},
        kAggregateSizes);
}

TEST_CASE("aggregate: values that are not at the nodes") {
  const SampleGraphs one = one_graph(5);
  const SampleGraphs many = many_graphs();
  Graph g;
  const ValueId x = g.input("x", {Shape{4, 2}});
  CHECK_THROWS_WITH_AS(aggregate(g, one.adjacency, Aggregation::kSum, x),
                       "an aggregation needs values at the 5 nodes, (5, C), not (4, 2)",
                       graph::ShapeError);
  CHECK_THROWS_WITH_AS(aggregate(g, many.adjacency, Aggregation::kSum, x),
                       "an aggregation needs values at the 9 nodes, (N, 9, C), not (4, 2)",
                       graph::ShapeError);
}
