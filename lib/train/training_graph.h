// The graphs that an experiment trains and scores with: one for each phase of a training step, and
// one for inference. Their variables are numbered alike.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "nn/layer.h"
#include "nn/losses.h"
#include "nn/model.h"
#include "ops/product/precision.h"
#include "ops/sparse/aggregate.h"
#include "optim/optimizer.h"
#include "train/loss_scaling.h"

namespace mlrun::train {

/// What an experiment's graphs depend on besides its layers.
struct GraphSetup {
  const config::ExperimentSpec* spec = nullptr;
  const data::Dataset* dataset = nullptr;
  Shape input;                  ///< see input_shape()
  ops::AdjacencyPtr adjacency;  ///< of graphs, else null
  bool weighted = false;        ///< a weight for every sample
  bool predictions = false;     ///< keep those made in training
  bool prior = false;           ///< inference draws codes from their prior: for sampling
};

/// Values bound before a run; kNoValue where a graph has no use for one.
struct GraphInputs {
  graph::ValueId features = graph::kNoValue;
  graph::ValueId items = graph::kNoValue;  ///< which nodes, links or graphs the rows are
  graph::ValueId target = graph::kNoValue;
  std::vector<graph::ValueId> further;  ///< targets of further outputs; kNoValue: the sample
  graph::ValueId weights = graph::kNoValue;
  graph::ValueId random_state = graph::kNoValue;
};

/// What a mean is made of. Of samples, (N) each: values, and how many labels of each sample count
/// in it (nn::Loss::counted), or all samples alike. Of a batch: their mean, times that of the
/// counts.
struct CountedValue {
  graph::ValueId value = graph::kNoValue;
  graph::ValueId counted = graph::kNoValue;
};

/// One objective, the weights that minimise it and their optimiser. finish() makes it a step.
struct PhaseGraph {
  std::string name;  ///< of its step count in a model file
  graph::Graph graph;
  GraphInputs inputs;
  std::vector<nn::Variable> variables;
  graph::ValueId objective = graph::kNoValue;
  std::vector<CountedValue> losses;  ///< of the batch; their means over an epoch are its loss
  std::vector<CountedValue> terms;   ///< of the batch, reported besides the first phase's loss
  std::vector<graph::ValueId> weights;
  graph::ValueId prediction = graph::kNoValue;
  const optim::Optimizer* optimizer = nullptr;
  int64_t every = 1;  ///< runs with every so manieth batch
  optim::UpdateNode update;
  std::optional<LossScaling> loss_scaling;

  std::vector<graph::ValueId> kept() const;

  /// What an epoch adds up: losses, then terms, each with what it counts behind it, if it does.
  std::vector<graph::ValueId> summed() const;

  /// Appends gradients and update, drops what leads to nothing, sets the precision, fuses.
  void finish(const config::TrainSpec& spec);

 private:
  void append_update(const config::TrainSpec& spec);
};

/// Losses and predictions of every sample.
struct InferenceGraph {
  graph::Graph graph;
  GraphInputs inputs;
  std::vector<nn::Variable> variables;
  std::vector<CountedValue> losses;             ///< of samples; the loss is the sum of their means
  graph::ValueId prediction = graph::kNoValue;  ///< then those of further outputs, side by side
  graph::ValueId output = graph::kNoValue;      ///< of the model itself; what a generator makes
  std::vector<std::pair<std::string, graph::ValueId>> layers;  ///< their outputs by full name
  std::vector<CountedValue> terms;  ///< of samples, in the order of loss_term_names()
  std::vector<nn::LayerSummary> summary;
};

/// Throw InputError when the layers do not fit (with their positions).
std::vector<PhaseGraph> build_phases(const GraphSetup& setup);
InferenceGraph build_inference(const GraphSetup& setup);

/// What the model and its further outputs add to the loss by name, each name once: further columns
/// of the history.
std::vector<std::string> loss_term_names(const config::ExperimentSpec& spec);

/// What the feed has to put beside the features; a conditional GAN wants labels.
nn::TargetKind feed_kind(const config::ExperimentSpec& spec);

/// The model on its input. Where rows are nodes of one graph, its output is that of the batch's.
/// `wanted` receives further outputs. Layers that do not fit are reported, and the result is
/// kNoValue.
graph::ValueId append_model(nn::Builder& builder, const GraphSetup& setup,
                            const GraphInputs& inputs, std::span<nn::WantedLayer> wanted,
                            Diagnostics& diagnostics);

/// Of the products of an experiment's graphs.
ops::Precision product_precision(const config::TrainSpec& spec);

/// The bound inputs that a graph of these needs.
GraphInputs add_inputs(graph::Graph& g, const GraphSetup& setup, bool weights);

}  // namespace mlrun::train
