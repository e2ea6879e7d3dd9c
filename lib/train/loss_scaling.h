// Loss scaling in the graph of a phase (ops/update/loss_scale.h): the objective is differentiated
// times a scale, which follows the gradients from step to step.
#pragma once

#include <span>
#include <string>

#include "config/experiment.h"
#include "graph/graph.h"

namespace mlrun::train {

/// Variables of the graph.
struct LossScaling {
  graph::ValueId scale = graph::kNoValue;   ///< float ()
  graph::ValueId counts = graph::kNoValue;  ///< float (2), from 0: steps since it changed, left out
  float initial_scale = 0;
};

/// Adds the variables; of the phases of one training each has a name of its own.
LossScaling add_loss_scaling(graph::Graph& graph, const config::LossScaleSpec& spec,
                             const std::string& phase);

/// Replaces gradients of the objective times the scale by those of the objective. Returns the gate
/// of the update (ops/update/update.h).
graph::ValueId append_unscale(graph::Graph& graph, const LossScaling& scaling,
                              const config::LossScaleSpec& spec,
                              std::span<graph::ValueId> gradients);

}  // namespace mlrun::train
