#include "ops/narrowing.h"

#include <optional>
#include <vector>

#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/reduce.h"

namespace mlrun::ops {
namespace {

using graph::Node;
using graph::ValueId;

std::optional<DType> half_of(const MatMulOp& product) {
  switch (product.precision()) {
    case Precision::kFloat32:
    case Precision::kTfloat32:
      return std::nullopt;
    case Precision::kBfloat16:
      return DType::kBfloat16;
    case Precision::kFloat16:
      return DType::kFloat16;
  }
  return std::nullopt;
}

class Narrowing {
 public:
  Narrowing(graph::Graph& graph, std::span<const ValueId> keep)
      : graph_(graph), wanted_(graph.values().size()), possible_(graph.values().size(), false) {
    for (const Node& node : graph_.nodes()) find_made(node);
    for (const ValueId id : keep) possible_[static_cast<size_t>(id)] = false;
    for (const Node& node : graph_.nodes()) find_read(node);
  }

  void run() {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (possible_[i] && wanted_[i]) graph_.set_dtype(static_cast<ValueId>(i), *wanted_[i]);
    }
  }

 private:
  // Who can write 16 bits: a product of 16 bits with one result, and elementwise programs.
  void find_made(const Node& node) {
    const auto* product = dynamic_cast<const MatMulOp*>(node.op.get());
    const bool writes = dynamic_cast<const ElementwiseOp*>(node.op.get()) ||
                        (product && half_of(*product) && node.outputs.size() == 1);
    if (!writes) return;
    for (const ValueId output : node.outputs) {
      possible_[static_cast<size_t>(output)] = graph_.value(output).type.dtype == DType::kFloat32;
    }
  }

  void find_read(const Node& node) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const auto id = static_cast<size_t>(node.inputs[i]);
      if (const std::optional<DType> half = operand_of_product(node, i)) {
        if (!wanted_[id]) wanted_[id] = half;
        possible_[id] = possible_[id] && wanted_[id] == half;
      } else if (!can_read(node, i)) {
        possible_[id] = false;
      }
    }
  }

  static std::optional<DType> operand_of_product(const Node& node, size_t input) {
    const auto* product = dynamic_cast<const MatMulOp*>(node.op.get());
    return product && input < 2 ? half_of(*product) : std::nullopt;
  }

  bool can_read(const Node& node, size_t input) const {
    const graph::Op* op = node.op.get();
    if (dynamic_cast<const ReduceOp*>(op)) return true;
    const bool is_epilogue = dynamic_cast<const MatMulOp*>(op) && input >= 2;
    if (!is_epilogue && !dynamic_cast<const ElementwiseOp*>(op)) return false;
    return graph_.shape(node.inputs[input]) == graph_.shape(node.outputs[0]);
  }

  graph::Graph& graph_;
  std::vector<std::optional<DType>> wanted_;  ///< by value: what products read
  std::vector<bool> possible_;                ///< by value: everyone knows 16 bits
};

}  // namespace

void narrow(graph::Graph& graph, std::span<const ValueId> keep) { Narrowing(graph, keep).run(); }

}  // namespace mlrun::ops
