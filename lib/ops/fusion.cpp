#include "ops/fusion.h"

#include <algorithm>
#include <map>
#include <optional>

#include "ops/elementwise/epilogue.h"

namespace mlrun::ops {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

// Elementwise nodes that become one program, in their order.
struct Group {
  std::vector<Node> members;
  Shape shape;
};

const ElementwiseOp* as_elementwise(const Node& node) {
  return dynamic_cast<const ElementwiseOp*>(node.op.get());
}

class Fuser {
 public:
  Fuser(Graph& graph, std::span<const ValueId> keep)
      : graph_(graph),
        readers_(graph.values().size(), 0),
        home_(graph.values().size(), -1),
        kept_(graph.values().size(), false) {
    for (const ValueId id : keep) kept_[static_cast<size_t>(id)] = true;
    for (const Node& node : graph.nodes()) {
      for (const ValueId input : node.inputs) ++readers_[static_cast<size_t>(input)];
    }
  }

  void run() {
    for (const Node& node : graph_.nodes()) add(node);
    std::vector<Node> nodes;
    for (const Group& group : groups_) nodes.push_back(merged(group));
    join_epilogues(nodes);
    graph_.replace_nodes(std::move(nodes));
  }

 private:
  static constexpr size_t kMostMembers = 8;

  // A node joins the group of an elementwise producer over the same shape if everything else it
  // reads exists before that group runs. Else it starts a group of its own.
  void add(const Node& node) {
    int32_t group = as_elementwise(node) ? group_to_join(node) : -1;
    if (group < 0) {
      group = static_cast<int32_t>(groups_.size());
      groups_.push_back({{}, node.outputs.empty() ? Shape() : graph_.shape(node.outputs[0])});
    }
    groups_[static_cast<size_t>(group)].members.push_back(node);
    for (const ValueId output : node.outputs) home_[static_cast<size_t>(output)] = group;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      // Who reads a variable after it was changed must stay behind the change.
      if (node.op->mutates(static_cast<int>(i))) home_[static_cast<size_t>(node.inputs[i])] = group;
    }
  }

  int32_t group_to_join(const Node& node) const {
    int32_t newest = -1;
    for (const ValueId input : node.inputs) newest = std::max(newest, home_[size_t(input)]);
    if (newest < 0) return -1;
    const Group& group = groups_[static_cast<size_t>(newest)];
    const bool fits = as_elementwise(group.members[0]) &&
                      group.shape == graph_.shape(node.outputs[0]) &&
                      group.members.size() < kMostMembers && spreads_over(group, node);
    return fits ? newest : -1;
  }

  // What the group makes has the group's shape; the other operands must spread over it as they do
  // over the node's own.
  bool spreads_over(const Group& group, const Node& node) const {
    return common_shape(graph_.types(node.inputs)) == group.shape;
  }

  Node merged(const Group& group) const {
    if (group.members.size() == 1) return group.members[0];
    std::vector<ValueId> inputs = outside_inputs(group);
    std::map<ValueId, uint8_t> registers;
    for (const ValueId input : inputs) {
      registers.emplace(input, static_cast<uint8_t>(registers.size()));
    }
    std::vector<EwInstruction> code;
    std::vector<ValueId> outputs;
    std::vector<uint8_t> output_registers;
    for (const Node& member : group.members) {
      EwInstruction one = as_elementwise(member)->code()[0];
      const size_t b = std::min<size_t>(one.b, member.inputs.size() - 1);
      one.a = registers.at(member.inputs[one.a]);
      one.b = registers.at(member.inputs[b]);
      one.out = static_cast<uint8_t>(registers.size());
      registers.emplace(member.outputs[0], one.out);
      if (joins_sum(group, member, one, code)) {
        code.back().code = Ew::kAddRelu;
        code.back().out = one.out;
      } else {
        code.push_back(one);
      }
      if (read_outside(group, member.outputs[0])) {
        outputs.push_back(member.outputs[0]);
        output_registers.push_back(one.out);
      }
    }
    auto op = std::make_shared<ElementwiseOp>(static_cast<int>(inputs.size()), std::move(code),
                                              std::move(output_registers));
    return {std::move(op), std::move(inputs), std::move(outputs)};
  }

  // relu(a + b) of the instruction before, whose sum nothing else reads: a bias and its activation.
  bool joins_sum(const Group& group, const Node& relu, const EwInstruction& one,
                 const std::vector<EwInstruction>& code) const {
    return one.code == Ew::kRelu && !code.empty() && code.back().code == Ew::kAdd &&
           code.back().out == one.a && !read_outside(group, relu.inputs[0]) &&
           readers_[static_cast<size_t>(relu.inputs[0])] == 1;
  }

  static std::vector<ValueId> outside_inputs(const Group& group) {
    std::vector<ValueId> inputs;
    std::vector<ValueId> made;
    const auto contains = [](const std::vector<ValueId>& ids, ValueId id) {
      return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    for (const Node& member : group.members) {
      for (const ValueId input : member.inputs) {
        if (!contains(made, input) && !contains(inputs, input)) inputs.push_back(input);
      }
      made.push_back(member.outputs[0]);
    }
    return inputs;
  }

  // What nobody reads counts as well: a program has at least one output.
  bool read_outside(const Group& group, ValueId id) const {
    if (kept_[static_cast<size_t>(id)] || readers_[static_cast<size_t>(id)] == 0) return true;
    int inside = 0;
    for (const Node& member : group.members) {
      inside += static_cast<int>(std::count(member.inputs.begin(), member.inputs.end(), id));
    }
    return readers_[static_cast<size_t>(id)] > inside;
  }

  // product -> program becomes one node at the place of the program, where all operands exist.
  void join_epilogues(std::vector<Node>& nodes) const {
    std::vector<bool> dropped(nodes.size(), false);
    std::vector<int32_t> maker(graph_.values().size(), -1);
    for (size_t i = 0; i < nodes.size(); ++i) {
      for (const ValueId output : nodes[i].outputs) {
        maker[static_cast<size_t>(output)] = static_cast<int32_t>(i);
      }
      if (const std::optional<size_t> product = fusable_product(nodes, i, maker)) {
        nodes[i] = with_epilogue(nodes[*product], nodes[i]);
        dropped[*product] = true;
      }
    }
    std::vector<Node> left;
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (!dropped[i]) left.push_back(std::move(nodes[i]));
    }
    nodes = std::move(left);
  }

  std::optional<size_t> fusable_product(const std::vector<Node>& nodes, size_t index,
                                        const std::vector<int32_t>& maker) const {
    const Node& node = nodes[index];
    const ElementwiseOp* program = as_elementwise(node);
    if (!program) return std::nullopt;
    for (const ValueId input : node.inputs) {
      const int32_t at = maker[static_cast<size_t>(input)];
      if (at < 0) continue;
      const Node& producer = nodes[static_cast<size_t>(at)];
      const auto* product = dynamic_cast<const EpilogueOp*>(producer.op.get());
      const bool only_here = !kept_[static_cast<size_t>(input)] &&
                             std::count(node.inputs.begin(), node.inputs.end(), input) == 1 &&
                             reads(nodes, input) == 1;
      if (!product || product->epilogue() || !only_here) continue;
      if (changes_operand(nodes, static_cast<size_t>(at), index)) continue;
      if (graph_.shape(input) != graph_.shape(node.outputs[0])) continue;
      if (EpilogueOp::can_fuse(*first_operand(*program, node.inputs, input))) {
        return static_cast<size_t>(at);
      }
    }
    return std::nullopt;
  }

  // Whether a node between the two changes what the product reads.
  static bool changes_operand(const std::vector<Node>& nodes, size_t product, size_t end) {
    const std::vector<ValueId>& operands = nodes[product].inputs;
    for (size_t i = product + 1; i < end; ++i) {
      for (size_t j = 0; j < nodes[i].inputs.size(); ++j) {
        const bool operand =
            std::find(operands.begin(), operands.end(), nodes[i].inputs[j]) != operands.end();
        if (operand && nodes[i].op->mutates(static_cast<int>(j))) return true;
      }
    }
    return false;
  }

  static int64_t reads(const std::vector<Node>& nodes, ValueId id) {
    int64_t count = 0;
    for (const Node& node : nodes) count += std::count(node.inputs.begin(), node.inputs.end(), id);
    return count;
  }

  // The program with `product` renumbered to register 0 (the inputs before it move up by one).
  static std::shared_ptr<ElementwiseOp> first_operand(const ElementwiseOp& program,
                                                      const std::vector<ValueId>& inputs,
                                                      ValueId product) {
    const auto at =
        static_cast<uint8_t>(std::find(inputs.begin(), inputs.end(), product) - inputs.begin());
    const auto moved = [at](uint8_t r) -> uint8_t {
      return r == at ? 0 : r < at ? static_cast<uint8_t>(r + 1) : r;
    };
    std::vector<EwInstruction> code = program.code();
    for (EwInstruction& one : code) {
      one.a = moved(one.a);
      one.b = moved(one.b);
    }
    return std::make_shared<ElementwiseOp>(program.inputs(), std::move(code), program.outputs());
  }

  static Node with_epilogue(const Node& product, const Node& program) {
    const ValueId value = product.outputs[0];
    auto op = static_cast<const EpilogueOp&>(*product.op)
                  .with(first_operand(*as_elementwise(program), program.inputs, value));
    std::vector<ValueId> inputs = product.inputs;
    for (const ValueId input : program.inputs) {
      if (input != value) inputs.push_back(input);
    }
    return {std::move(op), std::move(inputs), program.outputs};
  }

  Graph& graph_;
  std::vector<int> readers_;
  std::vector<int32_t> home_;  ///< group that makes or last changes a value
  std::vector<bool> kept_;
  std::vector<Group> groups_;
};

}  // namespace

void fuse(Graph& graph, std::span<const ValueId> keep) { Fuser(graph, keep).run(); }

}  // namespace mlrun::ops
