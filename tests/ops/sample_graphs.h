// Small graphs for tests, beside the dense matrices that say the same.
#pragma once

#include <functional>
#include <vector>

#include "ops/harness.h"
#include "ops/sparse/aggregate.h"

namespace mlrun::ops::testing {

/// weight[to * nodes + from], 0 where there is no arc.
struct DenseGraph {
  int64_t nodes = 0;
  std::vector<double> weight;

  double at(int64_t to, int64_t from) const {
    return weight[static_cast<size_t>(to * nodes + from)];
  }
};

struct SampleGraphs {
  std::vector<DenseGraph> dense;
  AdjacencyPtr adjacency;

  bool many() const { return dense.size() > 1; }

  /// (V, width), or (N, V, width) of many.
  Shape at_nodes(int64_t width) const;

  /// Which graph each sample is: the last input of a case on many.
  Input which() const { return {{kBatch}, 0, static_cast<double>(dense.size()), DType::kInt32}; }

  /// rule(graph, row of its first node, sample) for the only graph, or for each sample of `which`;
  /// `sample` counts from 0.
  using Rule = std::function<void(const DenseGraph&, int64_t row, int64_t sample)>;
  void for_each(const Array* which, const Rule& rule) const;
};

/// Directed arcs with weights: hubs, a node without any, and, to be left out, a loop and an arc
/// that is there twice.
SampleGraphs one_graph(int64_t nodes);

/// Graphs of 4, 1, 9 and 3 nodes, the last one without arcs.
SampleGraphs many_graphs();

}  // namespace mlrun::ops::testing
