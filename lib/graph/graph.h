// A static graph: values, and nodes in an order in which they can run.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/op.h"

namespace mlrun::graph {

enum class Role : uint8_t {
  kInput,         ///< bound before every run: a batch, the learning rate, the random state
  kVariable,      ///< persistent memory that outlives the graph: weights, running means, slots
  kIntermediate,  ///< produced by a node
};

struct Value {
  TensorType type;
  Role role = Role::kIntermediate;
  std::string name;       ///< of inputs and variables
  int32_t producer = -1;  ///< index of the node; -1 for inputs and variables
};

struct Node {
  std::shared_ptr<const Op> op;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
};

/// Values are appended and keep their shapes; nodes may be replaced by a transformation. Cheap to
/// build (a few microseconds a node), built once per shape. Throws ShapeError for a value of more
/// numbers than any device holds.
class Graph {
 public:
  ValueId input(std::string name, TensorType type);
  ValueId variable(std::string name, TensorType type);

  /// Appends a node; its outputs' types are inferred. Throws ShapeError.
  std::vector<ValueId> apply_multi(std::shared_ptr<const Op> op, std::vector<ValueId> inputs);

  /// The same for an op with one output.
  ValueId apply(std::shared_ptr<const Op> op, std::vector<ValueId> inputs);

  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  const Shape& shape(ValueId id) const { return value(id).type.shape; }
  const std::vector<Value>& values() const { return values_; }
  const std::vector<Node>& nodes() const { return nodes_; }

  /// The node that produces `id`, or null.
  const Node* producer(ValueId id) const;

  std::vector<TensorType> types(std::span<const ValueId> ids) const;

  /// Of an intermediate: how its numbers lie in memory.
  void set_dtype(ValueId id, DType dtype);

  /// Replaces all nodes. Producers are recomputed; every input must be produced before its use.
  void replace_nodes(std::vector<Node> nodes);

  /// Drops the nodes that neither lead to `targets` nor change a variable.
  void prune(std::span<const ValueId> targets);

  /// One line per node, for tests and for debugging.
  std::string to_string() const;

 private:
  ValueId add_value(Value value);

  std::vector<Value> values_;
  std::vector<Node> nodes_;
};

/// What differentiate() needs to build and does not know itself.
struct AutodiffOps {
  ValueId (*add)(Graph&, ValueId, ValueId);
  ValueId (*ones_like)(Graph&, ValueId);
};

/// Appends the nodes of d objective / d each of `wrt` (objective: one element). The result has
/// kNoValue where the objective does not depend on a value.
std::vector<ValueId> differentiate(Graph& graph, ValueId objective, std::span<const ValueId> wrt,
                                   const AutodiffOps& ops);

}  // namespace mlrun::graph
