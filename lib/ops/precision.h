// In which precision a graph multiplies matrices.
#pragma once

#include <string>

#include "graph/graph.h"

namespace mlrun::ops {

enum class Precision : uint8_t { kFloat32, kBfloat16 };

/// From now on the MatMul nodes of the graph round their operands to bfloat16 and add up in
/// float32. All other nodes, and every value in memory, stay float32.
void use_bfloat16(graph::Graph& graph);

/// How this CPU multiplies bfloat16: with its instructions, or emulated.
std::string describe_bfloat16();

}  // namespace mlrun::ops
