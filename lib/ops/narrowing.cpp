#include "ops/narrowing.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "ops/elementwise/elementwise.h"
#include "ops/elementwise/summed_gradient.h"
#include "ops/product/matmul.h"
#include "ops/shape/reduce.h"

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
    for (const Node& node : graph_.nodes()) want_summed(node);
    for (size_t i = 0; i < wanted_.size(); ++i) {
      if (possible_[i] && wanted_[i]) graph_.set_dtype(static_cast<ValueId>(i), *wanted_[i]);
    }
    round_shared();
  }

 private:
  // Who can write 16 bits: a product of 16 bits with one result, elementwise programs, and of a
  // gradient that is summed the gradient.
  void find_made(const Node& node) {
    const auto* product = dynamic_cast<const MatMulOp*>(node.op.get());
    const bool sums = dynamic_cast<const SummedGradientOp*>(node.op.get());
    const bool writes = sums || dynamic_cast<const ElementwiseOp*>(node.op.get()) ||
                        (product && half_of(*product) && node.outputs.size() == 1);
    if (!writes) return;
    for (const ValueId output : std::span(node.outputs).first(sums ? 1 : node.outputs.size())) {
      possible_[static_cast<size_t>(output)] = graph_.value(output).type.dtype == DType::kFloat32;
    }
  }

  // A product before a gradient that is summed is rounded as if it were that gradient.
  void want_summed(const Node& node) {
    if (!dynamic_cast<const SummedGradientOp*>(node.op.get())) return;
    const auto result = static_cast<size_t>(node.outputs[0]);
    if (!possible_[result] || !wanted_[result]) return;
    for (const ValueId input : node.inputs) {
      const Node* producer = graph_.producer(input);
      const auto* product = producer ? dynamic_cast<const MatMulOp*>(producer->op.get()) : nullptr;
      const auto id = static_cast<size_t>(input);
      if (product && half_of(*product) == wanted_[result] && !wanted_[id]) {
        wanted_[id] = wanted_[result];
      }
    }
  }

  // Floats that several products round, weights for one, are rounded once, before the first.
  void round_shared() {
    const std::vector<Node> nodes = graph_.nodes();
    std::vector<Node> all;
    std::map<ValueId, ValueId> rounded;
    for (Node node : nodes) {
      for (size_t j = 0; j < node.inputs.size(); ++j) {
        ValueId& input = node.inputs[j];
        const std::optional<DType> half = operand_of_product(node, j);
        if (!half || !is_shared(nodes, input, *half)) continue;
        if (!rounded.contains(input)) {
          rounded[input] = graph_.apply(identity(), {input});
          all.push_back(graph_.nodes().back());
          graph_.set_dtype(rounded[input], *half);
        }
        input = rounded[input];
      }
      all.push_back(std::move(node));
    }
    graph_.replace_nodes(std::move(all));
  }

  static std::shared_ptr<const ElementwiseOp> identity() {
    return std::make_shared<ElementwiseOp>(
        1, std::vector<EwInstruction>{{Ew::kScale, 1, 0, 0, 1.0f}}, std::vector<uint8_t>{1});
  }

  // Floats that several products round to the same, and that nothing changes in between.
  bool is_shared(const std::vector<Node>& nodes, ValueId id, DType half) const {
    if (graph_.value(id).type.dtype != DType::kFloat32) return false;
    size_t first = nodes.size();
    size_t last = 0;
    int reads = 0;
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (size_t j = 0; j < nodes[i].inputs.size(); ++j) {
        if (nodes[i].inputs[j] != id || operand_of_product(nodes[i], j) != half) continue;
        first = std::min(first, i);
        last = i;
        ++reads;
      }
    }
    for (size_t i = first; i < last; ++i) {
      for (size_t j = 0; j < nodes[i].inputs.size(); ++j) {
        if (nodes[i].inputs[j] == id && nodes[i].op->mutates(static_cast<int>(j))) return false;
      }
    }
    return reads > 1;
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
    const bool is_elementwise =
        dynamic_cast<const ElementwiseOp*>(op) || dynamic_cast<const SummedGradientOp*>(op);
    if (!is_epilogue && !is_elementwise) return false;
    return graph_.shape(node.inputs[input]) == graph_.shape(node.outputs[0]);
  }

  graph::Graph& graph_;
  std::vector<std::optional<DType>> wanted_;  ///< by value: what products read
  std::vector<bool> possible_;                ///< by value: everyone knows 16 bits
};

}  // namespace

void narrow(graph::Graph& graph, std::span<const ValueId> keep) { Narrowing(graph, keep).run(); }

}  // namespace mlrun::ops
