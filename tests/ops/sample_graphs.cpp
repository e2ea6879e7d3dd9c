#include "ops/sample_graphs.h"

namespace mlrun::ops::testing {
namespace {

// Every node but the last reads the first one and one before it.
std::vector<Arc> arcs_of(int64_t nodes) {
  std::vector<Arc> arcs;
  for (int64_t i = 1; i + 1 < nodes; ++i) {
    const auto to = static_cast<int32_t>(i);
    const auto weight = 0.5f + 0.25f * static_cast<float>(i % 5);
    arcs.push_back({0, to, weight});
    if (i > 1) arcs.push_back({to - 1, to, 2 - weight / 2});
    if (i % 3 == 0) arcs.push_back({to, to / 3, weight});
  }
  return arcs;
}

SampleGraphs make(const std::vector<int64_t>& sizes) {
  SampleGraphs sample;
  std::vector<int64_t> first = {0};
  std::vector<Arc> all;
  for (const int64_t nodes : sizes) {
    DenseGraph dense{nodes, std::vector<double>(static_cast<size_t>(nodes * nodes))};
    for (Arc arc : nodes > 3 ? arcs_of(nodes) : std::vector<Arc>()) {
      dense.weight[static_cast<size_t>(arc.to * nodes + arc.from)] = arc.weight;
      arc.from += static_cast<int32_t>(first.back());
      arc.to += static_cast<int32_t>(first.back());
      all.push_back(arc);
    }
    first.push_back(first.back() + nodes);
    sample.dense.push_back(std::move(dense));
  }
  if (!all.empty()) all.push_back(all.front());
  all.push_back({0, 0, 3});
  sample.adjacency = std::make_shared<Adjacency>(make_adjacency(first, all));
  return sample;
}

}  // namespace

Shape SampleGraphs::at_nodes(int64_t width) const {
  const int64_t nodes = adjacency->most_nodes;
  return many() ? Shape{kBatch, nodes, width} : Shape{nodes, width};
}

void SampleGraphs::for_each(const Array* which, const Rule& rule) const {
  if (!which) return rule(dense.front(), 0, 0);
  int64_t sample = 0;
  for (const double graph : *which) {
    rule(dense[static_cast<size_t>(graph)], sample * adjacency->most_nodes, sample);
    ++sample;
  }
}

SampleGraphs one_graph(int64_t nodes) { return make({nodes}); }

SampleGraphs many_graphs() { return make({4, 1, 9, 3}); }

}  // namespace mlrun::ops::testing
