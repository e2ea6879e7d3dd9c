// Does a model fit its data?
#pragma once

#include "config/experiment.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "nn/model.h"

namespace mlrun::train {

/// Nodes of one graph and links of it are no samples that could be made or put out again. False if
/// that is asked for.
bool check_graphs(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                  Diagnostics& diagnostics);

/// Of a loss without a target: an output that is compared with the input, scores that are compared
/// with labels.
void check_no_target(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                     const Shape& input, const Shape& output, Diagnostics& diagnostics);

/// Of a loss with a target: the shape and the range of the model's output `value`.
void check_output(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                  const graph::Graph& g, graph::ValueId value, Diagnostics& diagnostics);

/// The same of further outputs, and whether these data can have them.
void check_further_outputs(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                           const Shape& input, const graph::Graph& g,
                           std::span<const nn::WantedLayer> outputs, Diagnostics& diagnostics);

/// The classes that class_weight names.
void check_class_weights(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                         Diagnostics& diagnostics);

/// A layer that looks up tokens of the data needs a row for each of them.
void check_tokens(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                  Diagnostics& diagnostics);

}  // namespace mlrun::train
