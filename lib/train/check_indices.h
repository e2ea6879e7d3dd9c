// Do features lie in the tables that they are looked up in?
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/source.h"
#include "data/dataset.h"
#include "data/transform.h"
#include "graph/graph.h"
#include "nn/layer.h"

namespace mlrun::train {

/// A table whose rows are chosen by features of the data, as they are or as a part of them: not by
/// what layers compute.
struct Lookup {
  std::string layer;
  Mark mark;
  int64_t rows = 0;
  std::vector<int64_t> features;  ///< of a sample, as numbers of its transformed features
};

/// `features` is the input of the graph, and `layers` are those that it was built from.
std::vector<Lookup> find_lookups(const graph::Graph& g, graph::ValueId features,
                                 std::span<const nn::LayerSummary> layers);

/// Reports of each the first row with a feature that is no whole number or no row of the table.
/// Looks at all rows, but for tokens: how many there may be is known (check_tokens).
void check_indices(std::span<const Lookup> lookups, const data::Dataset& dataset,
                   const data::Transform& transform, Diagnostics& diagnostics);

}  // namespace mlrun::train
