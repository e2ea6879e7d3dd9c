#include "train/profile.h"

#include <fmt/format.h>

#include "ops/product/matmul.h"

namespace mlrun::train {
namespace {

std::string op_text(const graph::Op& op) {
  std::string text(op.name());
  if (const auto* product = dynamic_cast<const ops::MatMulOp*>(&op)) {
    if (product->precision() != ops::Precision::kFloat32) {
      text += fmt::format(" {}", to_string(product->precision()));
    }
    if (product->transpose_a()) text += " a^T b";
    if (product->transpose_b()) text += " a b^T";
    if (product->epilogue()) text += fmt::format(" +{}", product->epilogue()->code().size());
  } else if (const auto* program = dynamic_cast<const ops::ElementwiseOp*>(&op)) {
    text += fmt::format(" {}", program->code().size());
  }
  return text;
}

// Long lists (an optimiser's operands) are cut.
std::string shapes_text(const graph::Graph& graph, const std::vector<graph::ValueId>& values) {
  constexpr size_t kMost = 4;
  std::string text;
  for (size_t i = 0; i < values.size() && i < kMost; ++i) {
    text += (i > 0 ? " " : "") + graph.shape(values[i]).to_string();
  }
  return values.size() > kMost ? fmt::format("{} +{}", text, values.size() - kMost) : text;
}

}  // namespace

std::vector<ProfileRow> profile_rows(const graph::Executable& executable) {
  std::vector<ProfileRow> rows;
  for (const graph::NodeTime& time : executable.profile()) {
    const graph::Node& node = *time.node;
    std::string shapes = shapes_text(executable.graph(), node.inputs);
    if (!node.outputs.empty()) shapes += " -> " + shapes_text(executable.graph(), node.outputs);
    rows.push_back({op_text(*node.op), std::move(shapes), time.calls, time.seconds, time.cost.flops,
                    time.cost.bytes});
  }
  return rows;
}

}  // namespace mlrun::train
