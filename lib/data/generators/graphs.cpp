#include "data/generators/graphs.h"

#include <algorithm>

#include "data/graph.h"

namespace mlrun::data {
namespace {

// Steps of the generators' stream.
enum Step : uint64_t { kShuffleRows, kNoise, kEdges, kSize, kParent, kAnchor };

constexpr int32_t kMotif = 5;  // nodes

// Each node has about one edge, in both directions, in a vector that grows.
constexpr int64_t kBytesOfNode = 5 * sizeof(Edge);

}  // namespace

const config::FieldList& StochasticBlockModel::fields() {
  static const config::FieldList list =
      config::FieldListOf<StochasticBlockModel>("stochastic_block_model",
                                                "The nodes of a graph of communities.")
          .field("n_samples", &StochasticBlockModel::n_samples, "number of nodes",
                 config::between(2, 20000))
          .field("n_classes", &StochasticBlockModel::n_classes, "number of communities",
                 config::between(1, kMostClasses))
          .field("n_features", &StochasticBlockModel::n_features, "number of features",
                 config::count())
          .field("p_in", &StochasticBlockModel::p_in, "chance of an edge within a community",
                 config::between(0, 1))
          .field("p_out", &StochasticBlockModel::p_out, "chance of an edge between communities",
                 config::between(0, 1))
          .field("noise", &StochasticBlockModel::noise, "standard deviation of the features",
                 config::at_least(0));
  return list;
}

GeneratedTable StochasticBlockModel::generate(const PhiloxStream& stream) const {
  GeneratedTable table = classes_table(n_samples, n_features, static_cast<int32_t>(n_classes));
  for (int64_t row = 0; row < n_samples; ++row) {
    const int64_t label = row % n_classes;
    table.classes[static_cast<size_t>(row)] = static_cast<int32_t>(label);
    for (int64_t c = 0; c < n_features; ++c) {
      table.row(row)[c] = c % n_classes == label ? 1.0f : 0.0f;
    }
  }
  shuffle_rows(table, stream, kShuffleRows);
  add_noise(table.features, noise, stream, kNoise);
  std::vector<Edge> edges;
  uint64_t pair = 0;
  for (int32_t a = 0; a < n_samples; ++a) {
    for (int32_t b = a + 1; b < n_samples; ++b) {
      const bool same =
          table.classes[static_cast<size_t>(a)] == table.classes[static_cast<size_t>(b)];
      const auto drawn = static_cast<double>(stream.uniform(kEdges, pair++));
      if (drawn < (same ? p_in : p_out)) edges.push_back({a, b, 1});
    }
  }
  auto graphs = std::make_shared<Graphs>();
  graphs->first_node = {0, n_samples};
  graphs->edges = both_directions(std::move(edges));
  table.graphs = std::move(graphs);
  return table;
}

const config::FieldList& MakeMotifs::fields() {
  static const config::FieldList list =
      config::FieldListOf<MakeMotifs>("make_motifs", "Graphs: random trees with a ring or a house.")
          .field("n_samples", &MakeMotifs::n_samples, "number of graphs", config::count(2))
          .field("n_nodes", &MakeMotifs::n_nodes, "most nodes of a tree", config::count(2));
  return list;
}

// The nodes of one graph, numbered from `first`: a tree, in which each node hangs on one before it,
// and the motif on any of them. Returns the first number behind them.
int32_t MakeMotifs::add_graph(const PhiloxStream& stream, int64_t row, int32_t first,
                              std::vector<Edge>& edges) const {
  const auto at = static_cast<uint64_t>(row * (n_nodes + kMotif));
  const auto below = [&](Step step, uint64_t index, int64_t limit) {
    return static_cast<int32_t>(stream.below(step, at + index, static_cast<uint64_t>(limit)));
  };
  const int64_t least = n_nodes / 2;
  const int32_t size = static_cast<int32_t>(least) + below(kSize, 0, n_nodes - least + 1);
  for (int32_t i = 1; i < size; ++i) {
    edges.push_back({first + i, first + below(kParent, static_cast<uint64_t>(i), i), 1});
  }
  const int32_t ring = first + size;
  for (int32_t i = 0; i < kMotif; ++i) edges.push_back({ring + i, ring + (i + 1) % kMotif, 1});
  if (row % 2 == 1) edges.push_back({ring, ring + 2, 1});
  edges.push_back({ring, first + below(kAnchor, 0, size), 1});
  return ring + kMotif;
}

GeneratedTable MakeMotifs::generate(const PhiloxStream& stream) const {
  const int64_t most = n_nodes + kMotif;
  GeneratedTable table = classes_table(n_samples, most, 2, most * kBytesOfNode);
  auto graphs = std::make_shared<Graphs>();
  graphs->rows = Graphs::Rows::kGraphs;
  graphs->first_node = {0};
  std::vector<Edge> edges;
  for (int64_t row = 0; row < n_samples; ++row) {
    const auto first = static_cast<int32_t>(graphs->first_node.back());
    const int32_t end = add_graph(stream, row, first, edges);
    std::fill_n(table.row(row), end - first, 1.0f);
    table.classes[static_cast<size_t>(row)] = static_cast<int32_t>(row % 2);
    graphs->first_node.push_back(end);
  }
  graphs->edges = both_directions(std::move(edges));
  table.graphs = std::move(graphs);
  table.shape = {most, 1};
  return table;
}

}  // namespace mlrun::data
