#include "data/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/philox.h"

namespace mlrun::data {
namespace {

using Pair = std::array<int32_t, 2>;

constexpr uint64_t kNegativeStep = uint64_t{1} << 48;  // of the stream kGenerate

// Each edge once: of an undirected graph the direction from the lower number.
std::vector<Pair> pairs_of(const Graphs& graphs) {
  std::set<Pair> pairs;
  for (const Edge& edge : graphs.edges) {
    if (edge.from == edge.to || (!graphs.directed && edge.from > edge.to)) continue;
    pairs.insert({edge.from, edge.to});
  }
  return {pairs.begin(), pairs.end()};
}

std::vector<Pair> draw_absent(const std::vector<Pair>& present, const Graphs& graphs,
                              uint64_t seed) {
  const PhiloxStream stream(seed, Purpose::kGenerate);
  const auto nodes = static_cast<uint64_t>(graphs.node_count());
  std::set<Pair> taken(present.begin(), present.end());
  std::vector<Pair> absent;
  for (uint64_t i = 0; absent.size() < present.size(); i += 2) {
    Pair pair = {static_cast<int32_t>(stream.below(kNegativeStep, i, nodes)),
                 static_cast<int32_t>(stream.below(kNegativeStep, i + 1, nodes))};
    if (!graphs.directed && pair[0] > pair[1]) std::swap(pair[0], pair[1]);
    if (pair[0] != pair[1] && taken.insert(pair).second) absent.push_back(pair);
  }
  return absent;
}

struct LinkClasses {
  std::vector<int32_t> classes;
};

}  // namespace

Dataset link_dataset(Dataset nodes, const Mark& mark, const OpenOptions& options) {
  if (!options.classify) {
    throw InputError(
        render_error(mark,
                     "whether two nodes are joined is a class, but the loss is for values; use "
                     "binary_crossentropy"));
  }
  auto graphs = std::make_shared<Graphs>(*nodes.graphs);
  const std::vector<Pair> present = pairs_of(*graphs);
  const double all = static_cast<double>(nodes.rows) * static_cast<double>(nodes.rows - 1) /
                     (graphs->directed ? 1 : 2);
  if (present.empty()) throw InputError(render_error(mark, "the graph has no edges to predict"));
  if (static_cast<double>(present.size()) * 2 > 0.9 * all) {
    throw InputError(
        render_error(mark, fmt::format("{} edges between {} nodes leave too few pairs without one",
                                       present.size(), nodes.rows)));
  }
  auto memory = std::make_shared<LinkClasses>();
  graphs->links = draw_absent(present, *graphs, static_cast<uint64_t>(options.seed));
  memory->classes.assign(graphs->links.size(), 0);
  graphs->links.insert(graphs->links.end(), present.begin(), present.end());
  memory->classes.resize(graphs->links.size(), 1);
  graphs->rows = Graphs::Rows::kLinks;
  graphs->edges.clear();
  Dataset dataset;
  dataset.rows = static_cast<int64_t>(graphs->links.size());
  dataset.target_names = {"link"};
  dataset.class_names = {"no", "yes"};
  dataset.classes = memory->classes.data();
  dataset.name = nodes.name;
  dataset.sha256 = nodes.sha256;
  nodes.graphs = nullptr;
  graphs->nodes = std::make_shared<const Dataset>(std::move(nodes));
  dataset.graphs = std::move(graphs);
  dataset.owner = std::move(memory);
  return dataset;
}

}  // namespace mlrun::data
