// Random graphs for checks by brute force.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace mlrun::graph::testing {

struct RandomGraph {
  Graph graph;
  std::vector<ValueId> bound;  ///< inputs and variables
  std::vector<ValueId> keep;   ///< a few results
};

/// Chains and joins of elementwise ops, views, products, norms and reductions over (N, 4); a
/// function of the seed.
RandomGraph random_graph(uint64_t seed);

}  // namespace mlrun::graph::testing
