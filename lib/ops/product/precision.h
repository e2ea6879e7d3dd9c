// In which precision a graph multiplies matrices, and what a device makes of it.
#pragma once

#include <string>
#include <string_view>

#include "graph/graph.h"

namespace mlrun::device {
struct Gpu;
}

namespace mlrun::ops {

enum class Precision : uint8_t { kFloat32, kTfloat32, kBfloat16, kFloat16 };

/// "float32", "tf32", "bfloat16", "float16".
std::string_view to_string(Precision precision);

/// From now on the MatMul nodes of the graph round their operands to this precision and add up in
/// float32; in all but float32, a device that has tf32 may round those of convolutions to it. All
/// other nodes, and every value in memory, stay float32 (but for a GPU: ops/narrowing.h).
void set_precision(graph::Graph& graph, Precision precision);

/// How a device multiplies.
struct ProductMode {
  Precision precision = Precision::kFloat32;
  bool emulated = false;  ///< it rounds the operands, but has no instructions that multiply them

  bool operator==(const ProductMode&) const = default;
};

/// What becomes of `wanted` on a GPU, or (null) on this CPU: where there is no tf32, float32.
ProductMode product_mode(Precision wanted, const device::Gpu* gpu);

/// "float32", "bfloat16 (emulated)": `precision` in /trials.
std::string to_string(const ProductMode& mode);

/// The same for people, with what it costs: "tf32, which this CPU does not have: float32".
std::string describe(Precision wanted, const device::Gpu* gpu);

}  // namespace mlrun::ops
