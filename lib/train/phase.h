// A training step that is run again and again: one objective, its weights and their optimiser.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/philox.h"
#include "device/context.h"
#include "graph/backend.h"
#include "graph/executable.h"
#include "store/model_file.h"
#include "train/epoch_outcome.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {

/// What the host tells a step, as it lies in the memory of the context.
struct StepState {
  std::array<uint32_t, 4> random{};  ///< Philox key and counter
  float learning_rate = 0;
  float step = 0;  ///< counted from 1
  std::array<uint32_t, 2> unused{};
};

/// Counts its own steps: learning rate, bias corrections and random draws follow from the count.
/// Each trial of a stack has its own.
class Phase {
 public:
  /// `number` keeps apart the random draws of the phases of one training. One graph for each trial,
  /// finished; they differ in constants only (graph::Op::varying), and in the learning rates
  /// of their optimisers. The backend must outlive the phase.
  Phase(std::vector<PhaseGraph> graphs, uint32_t number, int64_t max_batch,
        const graph::Backend& backend);

  /// Adds what is kept from step to step, the optimiser's slots and the loss scale, behind what
  /// `memory` holds.
  void add_kept(VariableStore& memory);

  /// Binds all but the batch: the model, which is in front of `memory`, what is kept and the state.
  void bind(const VariableStore& memory);

  /// Takes the states from there, not from step(): StepStates in the memory of the context, of the
  /// trials one after the other or `stride` bytes apart.
  void bind_state(std::byte* state, int64_t stride = sizeof(StepState));

  void initialise(const PhiloxStream& random, VariableStore& memory, int64_t trial = 0);

  /// From the next step on; 1 after initialise().
  void scale_learning_rate(double factor, int64_t trial);

  /// Whether the batch of this number, counted over the whole training, is one of its own.
  bool runs_at(int64_t batch) const { return (batch + 1) % every_ == 0; }

  /// Of the step after `ahead` others.
  StepState state(int64_t ahead, size_t trial) const;

  void step(int64_t rows);

  /// These trials have made one without step().
  void count_step(const graph::Copies& trials);

  int64_t steps(int64_t trial = 0) const { return steps_[static_cast<size_t>(trial)]; }
  const std::vector<CountedValue>& losses() const { return losses_; }  ///< see PhaseGraph
  const std::vector<CountedValue>& terms() const { return terms_; }
  const std::vector<graph::ValueId>& summed() const { return summed_; }
  Tensor tensor(graph::ValueId id, int64_t trial = 0) const {
    return executable_.tensor(id, trial);
  }
  graph::ValueId prediction() const { return prediction_; }
  const GraphInputs& inputs() const { return inputs_; }
  graph::Executable& executable() { return executable_; }

  LossScaleState loss_scale(const VariableStore& memory, int64_t trial) const;

  /// A value of one element, as of the last step. Waits for the device.
  float read(graph::ValueId id, int64_t trial = 0) const;

  void save(store::ModelFile& file, int64_t trial) const;
  void load(const store::ModelFile& file, int64_t trial);

 private:
  std::string name_;
  uint32_t number_;
  GraphInputs inputs_;
  std::vector<nn::Variable> variables_;
  std::vector<CountedValue> losses_;
  std::vector<CountedValue> terms_;
  std::vector<graph::ValueId> summed_;
  graph::ValueId prediction_;
  std::vector<const optim::Optimizer*> optimizers_;  ///< by trial
  int64_t every_;
  optim::UpdateNode update_;
  std::optional<LossScaling> loss_scaling_;
  device::Context& context_;
  graph::Executable executable_;
  std::vector<StepState> states_;  ///< by trial
  device::Memory device_states_;
  std::vector<PhiloxStream> streams_;  ///< by trial
  std::vector<double> rate_factors_;   ///< by trial
  std::vector<int64_t> steps_;         ///< by trial
  std::vector<graph::ValueId> kept_;   ///< from step to step: slots, then the loss scale
  size_t first_kept_ = 0;              ///< its number in the memory
};

/// Sums over an epoch, as doubles: what each phase sums, times the rows of the batch.
struct EpochSums {
  std::vector<double> values;  ///< of the phases one after the other, in the order of summed()
  std::vector<int64_t> rows;   ///< that each phase has seen
  bool finite = true;          ///< all values were
};

size_t sum_count(std::span<const std::unique_ptr<Phase>> phases);

/// The loss of the first phase, and the terms of all, one after the other.
Losses losses_of(std::span<const std::unique_ptr<Phase>> phases, const EpochSums& sums);

/// The random state of step `step`: Philox key and counter.
std::array<uint32_t, 4> random_state(const PhiloxStream& stream, uint64_t step, uint32_t phase);

}  // namespace mlrun::train
