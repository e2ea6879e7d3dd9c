#include "data/graph_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "data/graph.h"

namespace mlrun::data {
namespace {

struct Memory {
  std::vector<float> features;
  std::vector<int32_t> classes;
  std::vector<float> values;
};

int64_t most_nodes(const std::vector<int64_t>& first_node) {
  int64_t most = 0;
  for (size_t g = 0; g + 1 < first_node.size(); ++g) {
    most = std::max(most, first_node[g + 1] - first_node[g]);
  }
  return most;
}

std::vector<float> padded(const GraphRows& rows, int64_t most, int64_t width) {
  const auto graphs = static_cast<int64_t>(rows.first_node.size()) - 1;
  constexpr double kMostNumbers = 4294967296.0;  // 2^32: 16 GiB
  if (static_cast<double>(graphs) * static_cast<double>(most * width) > kMostNumbers) {
    throw InputError(
        fmt::format("error: {} graphs padded to {} nodes of {} features need more "
                    "than 16 GiB",
                    graphs, most, width));
  }
  std::vector<float> features(static_cast<size_t>(graphs * most * width));
  for (int64_t g = 0; g < graphs; ++g) {
    const int64_t first = rows.first_node[static_cast<size_t>(g)];
    const int64_t end = rows.first_node[static_cast<size_t>(g) + 1];
    for (int64_t node = first; node < end; ++node) {
      const auto at = features.begin() + (g * most + node - first) * width;
      if (rows.features.empty()) {
        *at = 1;
      } else {
        const std::vector<float>& from = rows.features[static_cast<size_t>(node)];
        std::copy(from.begin(), from.end(), at);
      }
    }
  }
  return features;
}

}  // namespace

Dataset make_graph_rows(GraphRows rows) {
  if (rows.features.empty()) rows.feature_names = {"node"};
  const int64_t most = most_nodes(rows.first_node);
  const auto width = static_cast<int64_t>(rows.feature_names.size());
  auto memory = std::make_shared<Memory>();
  memory->features = padded(rows, most, width);
  memory->classes = std::move(rows.classes);
  memory->values = std::move(rows.values);
  auto graphs = std::make_shared<Graphs>();
  graphs->rows = Graphs::Rows::kGraphs;
  graphs->first_node = std::move(rows.first_node);
  graphs->edges = both_directions(rows.edges);
  Dataset dataset;
  dataset.rows = static_cast<int64_t>(graphs->first_node.size()) - 1;
  for (int64_t node = 0; node < most; ++node) {
    for (const std::string& name : rows.feature_names) {
      dataset.columns.push_back({fmt::format("{}[{}]", name, node), {}, 0});
    }
  }
  dataset.features = memory->features.data();
  dataset.class_names = std::move(rows.class_names);
  if (!memory->classes.empty()) dataset.classes = memory->classes.data();
  if (!memory->values.empty()) dataset.values = memory->values.data();
  const size_t targets = std::max<size_t>(
      memory->values.size() / static_cast<size_t>(std::max<int64_t>(dataset.rows, 1)), 1);
  for (size_t t = 0; t < targets; ++t) {
    dataset.target_names.push_back(targets == 1 ? "label" : fmt::format("y{}", t));
  }
  dataset.shape = {most, width};
  dataset.graphs = std::move(graphs);
  dataset.name = std::move(rows.name);
  dataset.sha256 = std::move(rows.sha256);
  dataset.owner = std::move(memory);
  return dataset;
}

}  // namespace mlrun::data
