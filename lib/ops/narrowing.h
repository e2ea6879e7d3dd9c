// Values of 16 bits, for kernels of a GPU that know them.
#pragma once

#include <span>

#include "graph/graph.h"

namespace mlrun::ops {

/// Behind set_precision(), fuse() and join_sums(): what products of bfloat16 or float16 read lies
/// in memory in that precision, if nothing reads it but such products, elementwise operations and
/// sums. The products round it in any case; what else reads it sees it rounded too, and where one
/// adds a bias to it, the bias is rounded as well. Values in `keep`, variables and inputs stay as
/// they are; where several products read one, it is rounded once.
void narrow(graph::Graph& graph, std::span<const graph::ValueId> keep);

}  // namespace mlrun::ops
