#include "graph/graph.h"

#include <fmt/format.h>

namespace mlrun::graph {
namespace {

// No device holds one value of so many numbers, 4 TiB. What makes them is a slip, and is refused
// before a table or a weight of that size is.
constexpr int kMostBits = 40;

void check_size(const Shape& shape) {
  if (shape.sample_elements() <= int64_t{1} << kMostBits) return;
  throw ShapeError(fmt::format("{} would be more than 2^{} numbers{}", shape.to_string(), kMostBits,
                               shape.has_batch() ? " for each sample" : ""));
}

}  // namespace

ValueId Graph::add_value(Value value) {
  check_size(value.type.shape);
  values_.push_back(std::move(value));
  return static_cast<ValueId>(values_.size() - 1);
}

ValueId Graph::input(std::string name, TensorType type) {
  return add_value({type, Role::kInput, std::move(name), -1});
}

ValueId Graph::variable(std::string name, TensorType type) {
  return add_value({type, Role::kVariable, std::move(name), -1});
}

std::vector<ValueId> Graph::apply_multi(std::shared_ptr<const Op> op, std::vector<ValueId> inputs) {
  const std::vector<TensorType> types = op->infer(this->types(inputs));
  std::vector<ValueId> outputs;
  for (const TensorType& type : types) {
    outputs.push_back(
        add_value({type, Role::kIntermediate, {}, static_cast<int32_t>(nodes_.size())}));
  }
  nodes_.push_back({std::move(op), std::move(inputs), outputs});
  return outputs;
}

ValueId Graph::apply(std::shared_ptr<const Op> op, std::vector<ValueId> inputs) {
  return apply_multi(std::move(op), std::move(inputs)).at(0);
}

const Node* Graph::producer(ValueId id) const {
  const int32_t index = value(id).producer;
  return index < 0 ? nullptr : &nodes_[static_cast<size_t>(index)];
}

std::vector<TensorType> Graph::types(std::span<const ValueId> ids) const {
  std::vector<TensorType> types;
  for (const ValueId id : ids) types.push_back(value(id).type);
  return types;
}

void Graph::set_dtype(ValueId id, DType dtype) {
  values_[static_cast<size_t>(id)].type.dtype = dtype;
}

void Graph::replace_nodes(std::vector<Node> nodes) {
  nodes_ = std::move(nodes);
  for (Value& value : values_) value.producer = -1;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    for (const ValueId input : nodes_[i].inputs) {
      const Value& value = values_[static_cast<size_t>(input)];
      if (value.role == Role::kIntermediate && value.producer < 0) {
        throw Error(
            fmt::format("graph: node {} ({}) runs before its input", i, nodes_[i].op->name()));
      }
    }
    for (const ValueId output : nodes_[i].outputs) {
      values_[static_cast<size_t>(output)].producer = static_cast<int32_t>(i);
    }
  }
}

void Graph::prune(std::span<const ValueId> targets) {
  std::vector<bool> needed(values_.size(), false);
  for (const ValueId target : targets) needed[static_cast<size_t>(target)] = true;
  std::vector<bool> keep(nodes_.size(), false);
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    for (const ValueId output : node.outputs) keep[i] = keep[i] || needed[size_t(output)];
    for (size_t j = 0; j < node.inputs.size(); ++j) {
      keep[i] = keep[i] || node.op->mutates(static_cast<int>(j));
    }
    if (!keep[i]) continue;
    for (const ValueId input : node.inputs) needed[static_cast<size_t>(input)] = true;
  }
  std::vector<Node> kept;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (keep[i]) kept.push_back(std::move(nodes_[i]));
  }
  replace_nodes(std::move(kept));
}

std::string Graph::to_string() const {
  std::string text;
  for (const Node& node : nodes_) {
    std::string outputs;
    for (const ValueId id : node.outputs) {
      outputs += fmt::format("{}%{}{}", outputs.empty() ? "" : ", ", id, shape(id).to_string());
    }
    std::string inputs;
    for (const ValueId id : node.inputs) {
      const Value& v = value(id);
      inputs += (inputs.empty() ? "" : ", ") +
                (v.name.empty() ? fmt::format("%{}", id) : fmt::format("{}", v.name));
    }
    text += fmt::format("{} = {}({})\n", outputs, node.op->name(), inputs);
  }
  return text;
}

}  // namespace mlrun::graph
