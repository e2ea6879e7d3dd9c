// Reverse mode on the graph: each node's rule appends the nodes of its gradient.
#include "graph/graph.h"

namespace mlrun::graph {
namespace {

class Differentiator {
 public:
  Differentiator(Graph& graph, std::span<const ValueId> wrt, const AutodiffOps& ops)
      : graph_(graph),
        ops_(ops),
        depends_(graph.values().size(), false),
        grads_(graph.values().size(), kNoValue) {
    for (const ValueId id : wrt) depends_[static_cast<size_t>(id)] = true;
    for (const Node& node : graph.nodes()) {
      bool any = false;
      for (const ValueId input : node.inputs) any = any || depends_[static_cast<size_t>(input)];
      for (const ValueId output : node.outputs) {
        if (any) depends_[static_cast<size_t>(output)] = true;
      }
    }
  }

  void run(ValueId objective) {
    if (!depends_[static_cast<size_t>(objective)]) return;
    grads_[static_cast<size_t>(objective)] = ops_.ones_like(graph_, objective);
    for (int32_t i = graph_.value(objective).producer; i >= 0; --i) {
      back_through(static_cast<size_t>(i));
    }
  }

  ValueId grad(ValueId id) const { return grads_[static_cast<size_t>(id)]; }

 private:
  void back_through(size_t index) {
    const Node node = graph_.nodes()[index];  // a copy: rules append nodes
    GradientRule rule{graph_, node.inputs, node.outputs, {}, {}, {}};
    bool reached = false;
    for (const ValueId output : node.outputs) {
      rule.output_grads.push_back(grad(output));
      reached = reached || grad(output) != kNoValue;
    }
    bool wanted = false;
    for (const ValueId input : node.inputs) {
      rule.wanted.push_back(depends_[static_cast<size_t>(input)]);
      wanted = wanted || rule.wanted.back();
    }
    if (!reached || !wanted) return;
    rule.input_grads.assign(node.inputs.size(), kNoValue);
    node.op->gradient(rule);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      if (rule.wanted[i] && rule.input_grads[i] != kNoValue) {
        accumulate(node.inputs[i], rule.input_grads[i]);
      }
    }
  }

  void accumulate(ValueId id, ValueId grad) {
    ValueId& sum = grads_[static_cast<size_t>(id)];
    sum = sum == kNoValue ? grad : ops_.add(graph_, sum, grad);
  }

  Graph& graph_;
  const AutodiffOps& ops_;
  std::vector<bool> depends_;
  std::vector<ValueId> grads_;
};

}  // namespace

std::vector<ValueId> differentiate(Graph& graph, ValueId objective, std::span<const ValueId> wrt,
                                   const AutodiffOps& ops) {
  Differentiator differentiator(graph, wrt, ops);
  differentiator.run(objective);
  std::vector<ValueId> grads;
  for (const ValueId id : wrt) grads.push_back(differentiator.grad(id));
  return grads;
}

}  // namespace mlrun::graph
