#include "ops/precision.h"

#include <memory>

#include "ops/bfloat16.h"
#include "ops/matmul.h"

namespace mlrun::ops {

void use_bfloat16(graph::Graph& graph) {
  std::vector<graph::Node> nodes = graph.nodes();
  for (graph::Node& node : nodes) {
    if (const auto* product = dynamic_cast<const MatMulOp*>(node.op.get())) {
      node.op = product->with(Precision::kBfloat16);
    }
  }
  graph.replace_nodes(std::move(nodes));
}

std::string describe_bfloat16() {
  return multiplies_bfloat16()
             ? "bf16, with the instructions of this CPU"
             : "bf16, emulated: this CPU has no instructions for it, so that it costs more time "
               "than float32";
}

}  // namespace mlrun::ops
