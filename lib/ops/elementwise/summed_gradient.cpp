#include "ops/elementwise/summed_gradient.h"

#include <algorithm>
#include <vector>

#include "ops/elementwise/elementwise_codes.h"
#include "ops/elementwise/epilogue.h"
#include "ops/shape/reduce.h"

namespace mlrun::ops {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

class SumJoiner {
 public:
  explicit SumJoiner(Graph& graph) : graph_(graph), nodes_(graph.nodes()) {}

  void run() {
    std::vector<Node> joined;
    std::vector<bool> done(nodes_.size(), false);
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (done[i]) continue;
      const size_t sum = sum_behind(i);
      if (sum == nodes_.size()) {
        joined.push_back(nodes_[i]);
        continue;
      }
      done[sum] = true;
      append(joined, nodes_[i], nodes_[sum].outputs[0]);
    }
    graph_.replace_nodes(std::move(joined));
  }

 private:
  // The program of a node, as it is or behind a product.
  static std::shared_ptr<const ElementwiseOp> program_of(const Node& node) {
    if (auto program = std::dynamic_pointer_cast<const ElementwiseOp>(node.op)) return program;
    const auto* product = dynamic_cast<const EpilogueOp*>(node.op.get());
    if (!product || !product->epilogue()) return nullptr;
    return std::make_shared<ElementwiseOp>(*product->epilogue());
  }

  // Of the product as its program reads it, and the program's other operands.
  std::vector<TensorType> operands_of(const Node& node) const {
    std::vector<TensorType> types = graph_.types(node.inputs);
    if (!dynamic_cast<const EpilogueOp*>(node.op.get())) return types;
    types.erase(types.begin());
    types[0] = graph_.value(node.outputs[0]).type;
    return types;
  }

  // The node that sums the result of node `index`; the number of nodes if there is none.
  size_t sum_behind(size_t index) const {
    const Node& node = nodes_[index];
    const std::shared_ptr<const ElementwiseOp> program = program_of(node);
    if (!program || !SummedGradientOp::can_run(*program, operands_of(node))) return nodes_.size();
    const auto sums = [&](const Node& other) {
      const auto* sum = dynamic_cast<const ReduceOp*>(other.op.get());
      return sum && !sum->mean() && other.inputs[0] == node.outputs[0] &&
             graph_.shape(other.outputs[0]) == Shape{graph_.shape(node.outputs[0]).back()};
    };
    const auto found =
        std::find_if(nodes_.begin() + static_cast<int64_t>(index), nodes_.end(), sums);
    return static_cast<size_t>(found - nodes_.begin());
  }

  void append(std::vector<Node>& joined, const Node& node, ValueId sum) {
    std::vector<ValueId> operands = node.inputs;
    if (const auto* product = dynamic_cast<const EpilogueOp*>(node.op.get())) {
      const std::vector<ValueId> matrices(operands.begin(), operands.begin() + 2);
      operands.erase(operands.begin());
      operands[0] = graph_.apply(product->with(nullptr), matrices);
      joined.push_back(graph_.nodes().back());
    }
    joined.push_back({std::make_shared<SummedGradientOp>(program_of(node)),
                      std::move(operands),
                      {node.outputs[0], sum}});
  }

  Graph& graph_;
  const std::vector<Node> nodes_;
};

}  // namespace

bool SummedGradientOp::can_run(const ElementwiseOp& program, std::span<const TensorType> inputs) {
  const bool is_one = program.code().size() == 1 && program.outputs().size() == 1 &&
                      program.inputs() == 2 && inputs.size() == 2;
  if (!is_one || !is_gradient(program.code()[0].code)) return false;
  const Shape& shape = inputs[0].shape;
  return inputs[1].shape == shape && shape.rank() > 1 && shape.back() % kWidth == 0;
}

std::vector<TensorType> SummedGradientOp::infer(std::span<const TensorType> inputs) const {
  if (!can_run(*program_, inputs)) throw graph::ShapeError("this is no gradient to be summed");
  return {program_->infer(inputs)[0], {Shape{inputs[0].shape.back()}, DType::kFloat32}};
}

void join_sums(Graph& graph) { SumJoiner(graph).run(); }

}  // namespace mlrun::ops
