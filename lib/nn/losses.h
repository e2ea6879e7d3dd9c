// What is minimised. Keras' names, formulas and defaults.
#pragma once

#include <optional>
#include <string>

#include "config/experiment.h"
#include "graph/graph.h"

namespace mlrun::nn {

/// What a loss wants as its target.
enum class TargetKind {
  kValues,  ///< float (N, K), K as wide as the model's output
  kBinary,  ///< float (N, 1): 0 or 1, from two classes
  kLabels,  ///< int32 (N), or (N, T) of a sequence: class labels below C, the model's output being
            ///< (N, C) or (N, T, C)
  kNone,    ///< nothing: the samples themselves are the target
};

class Loss : public config::Component {
 public:
  virtual TargetKind target_kind() const { return TargetKind::kValues; }

  /// Loss of each sample (N), averaged over its outputs. `prediction` is the model's output; a
  /// final sigmoid or softmax is seen through, so that the loss is computed from the logits.
  virtual graph::ValueId per_sample(graph::Graph& g, graph::ValueId prediction,
                                    graph::ValueId target) const = 0;

  /// How many labels of each sample count, (N); kNoValue: all alike. The loss of some samples is
  /// the mean of theirs, weighted by it.
  virtual graph::ValueId counted(graph::Graph&, graph::ValueId /*output*/,
                                 graph::ValueId /*target*/) const {
    return graph::kNoValue;
  }

  /// Of kBinary: the output is no probability but a margin, above 0 where the class is 1.
  virtual bool is_of_margins() const { return false; }

  /// Whether zero means something: targets cannot be shifted without its becoming another loss.
  virtual bool knows_zero() const { return false; }

  /// Of kValues: each is a class of its own, 0 or 1, and they do not exclude each other.
  virtual bool is_multi_label() const { return false; }

  /// A label that does not count.
  virtual std::optional<int64_t> ignored() const { return {}; }

  /// Why this end of a model is surely a slip (no sigmoid, or one too many), or "".
  virtual std::string misfit(const graph::Graph&, graph::ValueId) const { return ""; }

  /// The model's output as probabilities, margins or values: what is stored and what metrics see.
  virtual graph::ValueId prediction(graph::Graph&, graph::ValueId output) const { return output; }
};

const config::Catalog& loss_catalog();

/// What a training wants as its target: what its loss wants, unless the target is the input.
TargetKind target_kind(const config::TrainSpec& spec);

}  // namespace mlrun::nn
