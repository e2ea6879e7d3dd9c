// Many graphs in the text form of the TU Dortmund collection (Morris et al. 2020): DS_A.txt
// (edges), DS_graph_indicator.txt, DS_graph_labels.txt or DS_graph_attributes.txt, and if they are
// there DS_node_labels.txt (one-hot) and DS_node_attributes.txt. Edge labels are not read.
#pragma once

#include "data/dataset.h"
#include "data/source.h"

namespace mlrun::data {

/// One row for each graph: its nodes' features, padded to the largest graph with zeros; 1 for each
/// node where the files hold no features. Throws InputError that names file, line and column.
Dataset open_tu(const Source& source);

}  // namespace mlrun::data
