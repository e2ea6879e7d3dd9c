// What a layer is: it appends nodes to a graph and asks for its weights. It knows no device and has
// no backward pass.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "graph/graph.h"
#include "nn/initializers.h"

namespace mlrun::nn {

using graph::ValueId;

struct RegularizerKind {
  static constexpr std::string_view kName = "regularizer";
};

class Regularizer : public config::Component {
 public:
  /// A scalar that is added to the loss.
  virtual ValueId penalty(graph::Graph& g, ValueId weight) const = 0;
};

using RegularizerRef = config::Ref<RegularizerKind>;

const config::Catalog& regularizer_catalog();

/// Memory that outlives a step: a trainable weight, or state such as a moving mean.
struct Variable {
  std::string name;  ///< "dense_1/kernel"
  Shape shape;
  bool trainable = true;
  InitializerRef initializer;
  ValueId value = graph::kNoValue;  ///< in the graph that was built
};

struct WeightOptions {
  bool trainable = true;
  RegularizerRef regularizer;
};

/// Builds one graph from layers. Variables are numbered in the order in which they are asked for,
/// so the training and the inference graph of one model share them by position.
class Builder {
 public:
  Builder(graph::Graph& graph, bool training) : graph_(graph), training_(training) {}

  graph::Graph& graph() { return graph_; }
  bool training() const { return training_; }

  /// Names what follows: variables become "scope/name".
  void enter(std::string scope) { scope_ = std::move(scope); }

  ValueId weight(const std::string& name, const Shape& shape, const InitializerRef& initializer,
                 const WeightOptions& options = {});

  /// The random state input of the graph (made on first use): uint32 (4).
  ValueId random_state();

  /// Distinguishes the random draws of one graph.
  uint32_t next_salt() { return ++salt_; }

  const std::vector<Variable>& variables() const { return variables_; }
  const std::vector<ValueId>& penalties() const { return penalties_; }
  ValueId random_state_or_none() const { return random_state_; }

 private:
  graph::Graph& graph_;
  bool training_;
  std::string scope_;
  std::vector<Variable> variables_;
  std::vector<ValueId> penalties_;
  ValueId random_state_ = graph::kNoValue;
  uint32_t salt_ = 0;
};

class Layer : public config::Component {
 public:
  /// Appends the layer to x. Throws graph::ShapeError when x does not fit.
  virtual ValueId build(Builder& b, ValueId x) const = 0;
};

/// All layers; a new one is a file pair in layers/ and a row here.
const config::Catalog& layer_catalog();

}  // namespace mlrun::nn
