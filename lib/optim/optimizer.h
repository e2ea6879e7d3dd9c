// Optimisers by their Keras names and with Keras' defaults.
#pragma once

#include "config/experiment.h"
#include "graph/graph.h"
#include "ops/update/update.h"
#include "optim/schedule.h"

namespace mlrun::optim {

/// What a step changes: parameters with their gradients and slots.
struct UpdateNode {
  graph::ValueId state;               ///< input float (2): learning rate, step from 1
  std::vector<graph::ValueId> slots;  ///< variables, `slots per parameter` for each parameter
};

class Optimizer : public config::Component {
 public:
  LearningRate learning_rate;
  double weight_decay = 0;
  double clipnorm = 0;
  double clipvalue = 0;
  double global_clipnorm = 0;

  /// The constants of a step.
  ops::UpdateSettings settings() const;

  /// Appends the step to the graph. Slots start at `initial_slot_value()`. `gate`, if there is one,
  /// leaves steps out (ops/update/update.h).
  UpdateNode append(graph::Graph& g, std::span<const graph::ValueId> parameters,
                    std::span<const graph::ValueId> gradients,
                    graph::ValueId gate = graph::kNoValue) const;

  virtual double initial_slot_value() const { return 0; }

 protected:
  /// Rule and rule-specific constants.
  virtual void configure(ops::UpdateSettings& settings) const = 0;
};

const config::Catalog& optimizer_catalog();

}  // namespace mlrun::optim
