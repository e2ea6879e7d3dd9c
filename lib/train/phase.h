// A training step that is run again and again: one objective, its weights and their optimiser.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/philox.h"
#include "device/context.h"
#include "graph/executable.h"
#include "store/model_file.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {

/// Counts its own steps: learning rate, bias corrections and random draws follow from the count.
class Phase {
 public:
  /// `number` keeps apart the random draws of the phases of one training. The graph is finished.
  Phase(PhaseGraph graph, uint32_t number, int64_t max_batch, const graph::KernelTable& kernels);

  /// Adds the optimiser's slots behind what `memory` holds.
  void add_slots(VariableStore& memory);

  /// Binds all but the batch: the model, which is in front of `memory`, the slots and the states.
  void bind(VariableStore& memory);

  void initialise(const PhiloxStream& random, VariableStore& memory);

  /// Whether the batch of this number is one of its own.
  bool runs_at(int64_t batch) const { return (batch + 1) % every_ == 0; }

  void step(device::Context& context, int64_t rows);

  int64_t steps() const { return steps_; }
  float loss() const { return executable_.tensor(objective_).f32()[0]; }
  const std::vector<graph::ValueId>& terms() const { return terms_; }
  Tensor tensor(graph::ValueId id) const { return executable_.tensor(id); }
  graph::ValueId prediction() const { return prediction_; }
  const GraphInputs& inputs() const { return inputs_; }
  graph::Executable& executable() { return executable_; }

  void save(store::ModelFile& file) const;
  void load(const store::ModelFile& file);

 private:
  std::string name_;
  uint32_t number_;
  GraphInputs inputs_;
  std::vector<nn::Variable> variables_;
  graph::ValueId objective_;
  std::vector<graph::ValueId> terms_;
  graph::ValueId prediction_;
  const optim::Optimizer& optimizer_;
  int64_t every_;
  optim::UpdateNode update_;
  graph::Executable executable_;
  size_t first_slot_ = 0;
  PhiloxStream stream_;
  std::array<uint32_t, 4> random_state_{};
  std::array<float, 2> optimizer_state_{};
  int64_t steps_ = 0;
};

/// The random state of step `step`: Philox key and counter.
std::array<uint32_t, 4> random_state(const PhiloxStream& stream, uint64_t step, uint32_t phase);

}  // namespace mlrun::train
