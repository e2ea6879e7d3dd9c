// Rows that are graphs.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace mlrun::data {

/// Graphs as they are read or drawn, nodes numbered over all of them.
struct GraphRows {
  std::string name;
  std::string sha256;
  std::vector<int64_t> first_node;           ///< of each graph, and the end of the last
  std::vector<Edge> edges;                   ///< in one direction or in both
  std::vector<std::vector<float>> features;  ///< of each node; empty: a 1 for each
  std::vector<std::string> feature_names;
  std::vector<int32_t> classes;  ///< of each graph, or
  std::vector<std::string> class_names;
  std::vector<float> values;  ///< one or more for each graph
};

/// The nodes' features of each graph side by side, padded with zeros to the largest graph. Throws
/// InputError when that is more than 2^32 numbers.
Dataset make_graph_rows(GraphRows rows);

}  // namespace mlrun::data
