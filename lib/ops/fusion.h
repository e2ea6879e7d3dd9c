// Joins neighbouring operations, so that a chain reads and writes memory once.
#pragma once

#include <span>

#include "graph/graph.h"

namespace mlrun::ops {

/// Rewrites the nodes of `graph`, after differentiation and before planning:
///   - elementwise nodes over one shape are merged into one program;
///   - an elementwise program on a matrix product that nothing else reads becomes its epilogue.
/// Values in `keep`, and values that other nodes read, stay outputs. Results are bitwise the same.
void fuse(graph::Graph& graph, std::span<const graph::ValueId> keep);

}  // namespace mlrun::ops
