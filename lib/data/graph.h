// One graph: a table whose rows are nodes, and a file of edges.
#pragma once

#include "data/dataset.h"
#include "data/source.h"

namespace mlrun::data {

/// The table of the source with the edges and the split that source.spec.graph names; these files
/// are looked for beside the experiment, then beside the table. An edge file holds two row numbers
/// a line, from 0, and perhaps a weight, separated by blanks, commas or tabs; lines that start with
/// '#' or '%' are comments. A split file holds lines of 'train', 'val' or 'test' and row numbers.
/// Throws InputError that names file, line and column.
Dataset graph_dataset(const Source& source, const OpenOptions& options);

/// A generated graph as graph.predict wants it.
Dataset generated_graph(Dataset dataset, const config::GraphSpec& spec, const OpenOptions& options);

/// The edges, then each in the other direction.
std::vector<Edge> both_directions(std::vector<Edge> edges);

}  // namespace mlrun::data
