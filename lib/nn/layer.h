// What a layer is: it appends nodes to a graph and asks for its weights. It knows no device and has
// no backward pass.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.h"
#include "graph/graph.h"
#include "nn/initializers.h"

namespace mlrun::ops {
struct Adjacency;
}

namespace mlrun::nn {

using graph::ValueId;

struct RegularizerKind {
  static constexpr std::string_view kName = "regularizer";
};

class Regularizer : public config::Component {
 public:
  /// A scalar that is added to the loss.
  virtual ValueId penalty(graph::Graph& g, ValueId weight) const = 0;

  /// The same on what a layer puts out, (N, ...): a mean over the batch, so that it does not grow
  /// with it. Default: the penalty divided by N.
  virtual ValueId activity_penalty(graph::Graph& g, ValueId activity) const;
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

/// One row of the layer table.
struct LayerSummary {
  std::string name;  ///< "dense_1", "encoder/dense"
  std::string type;  ///< "Dense"
  Shape output;
  int64_t parameters = 0;  ///< trainable and not
  double flops = 0;        ///< per sample, forward
  int64_t largest = 0;     ///< numbers per sample, of what it computes on the way
  Mark mark;               ///< of the layer in the experiment file that it is part of
};

class Layer;

/// A loss that the model adds for every sample (N), in training and in scoring, such as the KL
/// divergence of a variational autoencoder.
struct LossTerm {
  std::string name;
  ValueId value = graph::kNoValue;
  float factor = 1;                   ///< of the value in the sum
  ValueId counted = graph::kNoValue;  ///< see Loss::counted
};

struct WeightOptions {
  bool trainable = true;
  RegularizerRef regularizer;
};

/// The nodes and edges that graph layers read. Values at the nodes are (V, C), of one graph, or
/// (N, V, C), each sample a graph of up to V nodes.
struct Nodes {
  std::shared_ptr<const ops::Adjacency> adjacency;
  ValueId graph = graph::kNoValue;  ///< int32 (N): which graph a sample is; none: there is one
  ValueId links = graph::kNoValue;  ///< int32 (N, 2): the two nodes of a sample
};

/// Planning takes a time that grows with the square of their number: with so many half a minute.
inline constexpr size_t kMostWeights = 65536;

/// Builds one graph from layers. Variables are numbered in the order in which they are asked for,
/// so the training and the inference graph of one model share them by position.
class Builder {
 public:
  Builder(graph::Graph& graph, bool training) : graph_(graph), training_(training) {}

  graph::Graph& graph() { return graph_; }
  bool training() const { return training_; }

  /// Whether the layer that is being added keeps its weights as they are.
  bool frozen() const { return frozen_; }

  /// Appends `layer` under `name`: its variables become "name/kernel", and where a layer is built
  /// from others, theirs "name/dense/kernel". Each layer without parts is a row of summary().
  ValueId add(const std::string& name, const std::string& type, const Layer& layer,
              std::span<const ValueId> inputs);
  template <class L>
  ValueId add(const std::string& name, const L& layer, ValueId x) {
    return add(name, L::fields().name(), layer, std::span(&x, 1));
  }

  /// Throws graph::ShapeError when there are kMostWeights.
  ValueId weight(const std::string& name, const Shape& shape, const InitializerRef& initializer,
                 const WeightOptions& options = {});

  /// A scalar that is added to the loss.
  void add_penalty(ValueId penalty) { penalties_.push_back(penalty); }

  /// While on, a weight that was asked for before is the same variable, without a second penalty
  /// or row of summary(): one network applied twice in a graph.
  void reuse_weights(bool on) { reuse_ = on; }

  /// While on, images are augmented as in training, by a builder that is not of a training too.
  void show_views(bool on) { views_ = on; }
  bool augments() const { return training_ || views_; }

  /// Codes are drawn from their prior instead of from what the encoder says: for sampling.
  void sample_prior(bool on) { prior_ = on; }
  bool samples_prior() const { return prior_; }

  void add_loss_term(LossTerm term) { loss_terms_.push_back(std::move(term)); }

  /// The random state input of the graph (made on first use): uint32 (4).
  ValueId random_state();

  /// Which steps of x (N, T, ...) count: (N, T) of 0 and 1, or kNoValue for all. A layer's output
  /// has the mask of its first input, as long as it keeps the steps and is not given another, which
  /// may be kNoValue. Where a mask ends at a layer that has not asked for it, masks_lost() says so.
  ValueId mask(ValueId x);
  void set_mask(ValueId x, ValueId mask);

  /// Gives y the mask of x, of which it was made step by step.
  void keep_mask(ValueId x, ValueId y);
  void set_nodes(Nodes nodes) { nodes_ = std::move(nodes); }

  /// Throws graph::ShapeError when the data are no graphs, or x is not at their nodes.
  const Nodes& nodes(ValueId x) const;

  /// Distinguishes the random draws of one graph.
  uint32_t next_salt() { return ++salt_; }

  const std::vector<Variable>& variables() const { return variables_; }
  const std::vector<ValueId>& penalties() const { return penalties_; }
  const std::vector<LossTerm>& loss_terms() const { return loss_terms_; }
  const std::vector<LayerSummary>& summary() const { return summary_; }

  /// A sentence for each layer of the model at which a mask is lost.
  const std::vector<std::string>& masks_lost() const { return masks_lost_; }

  /// What is added from now on stands here in the experiment file.
  void set_mark(const Mark& mark) { mark_ = mark; }

  /// Output of each layer by its full name, parts before the whole.
  const std::vector<std::pair<std::string, ValueId>>& outputs() const { return outputs_; }
  ValueId random_state_or_none() const { return random_state_; }

 private:
  ValueId find_mask(ValueId x) const;
  void note_lost_mask(std::span<const ValueId> inputs, ValueId y);
  void count(size_t first_node, size_t first_variable, LayerSummary& row) const;

  graph::Graph& graph_;
  bool training_;
  std::string scope_;
  std::vector<Variable> variables_;
  std::vector<ValueId> penalties_;
  std::vector<LossTerm> loss_terms_;
  std::vector<LayerSummary> summary_;
  Mark mark_;
  std::map<ValueId, ValueId> masks_;
  std::map<ValueId, std::string> mask_makers_;  ///< layers, by the mask
  bool asked_for_mask_ = false;                 ///< the layer that is being added
  std::vector<std::string> masks_lost_;
  Nodes nodes_;
  std::vector<std::pair<std::string, ValueId>> outputs_;
  bool frozen_ = false;
  bool reuse_ = false;
  bool prior_ = false;
  bool views_ = false;
  ValueId random_state_ = graph::kNoValue;
  uint32_t salt_ = 0;
};

/// In the experiment file every layer may also be given a name, and the names of the layers that it
/// reads; without them it reads the layer before it. A penalty can be put on any layer's output.
class Layer : public config::Component {
 public:
  std::optional<std::string> name;
  std::optional<std::vector<std::string>> inputs;
  RegularizerRef activity_regularizer;
  bool trainable = true;  ///< false: no weight of it or of its parts changes

  /// Its input are indices below this.
  virtual std::optional<int64_t> index_limit() const { return {}; }

  /// Names of the loss terms that build() adds.
  virtual std::vector<std::string> loss_terms() const { return {}; }

  /// Appends the layer to x. Throws graph::ShapeError when x does not fit.
  virtual ValueId build(Builder& b, ValueId x) const;

  /// The same for a layer that takes several inputs; the others need not know of it.
  virtual ValueId build_from(Builder& b, std::span<const ValueId> xs) const;
};

/// All layers; a new one is a file pair in layers/ and a row here.
const config::Catalog& layer_catalog();

}  // namespace mlrun::nn

extern template struct mlrun::config::FieldOf<mlrun::nn::RegularizerRef>;
