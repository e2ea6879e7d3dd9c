// Learning by gradients: a graph for each phase of training, one for inference, the same weights
// under all.
#pragma once

#include <memory>

#include "base/philox.h"
#include "config/experiment.h"
#include "device/context.h"
#include "graph/executable.h"
#include "train/device_epoch.h"
#include "train/epoch_outcome.h"
#include "train/feed.h"
#include "train/inference.h"
#include "train/phase.h"
#include "train/row_source.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {

/// Random streams of one trial.
struct TrialStreams {
  PhiloxStream initialise;
  PhiloxStream shuffle;
  PhiloxStream dropout;
};

/// One of the trials that are trained as one. Both must outlive the learner.
struct StackedTrial {
  const config::ExperimentSpec* spec = nullptr;
  const Feed* feed = nullptr;
};

struct LearnerOptions {
  /// They have the same stacking_key(); the first has the most rows.
  std::vector<StackedTrial> trials;
  Shape input;                              ///< see input_shape()
  ops::AdjacencyPtr adjacency;              ///< of graphs, else null
  const graph::Backend* backend = nullptr;  ///< must outlive the learner
  bool training_predictions = false;        ///< keep them for metrics on the training rows
  bool rows_change = false;                 ///< the data set's may, between two calls
};

/// A list of phases over common weights. The first one sees every batch, so that its steps count
/// them, and its loss is the loss. Trains one trial, or a stack of them (each with its own weights)
/// step by step together. Not thread-safe; owns its memory.
class GradientLearner {
 public:
  /// Throws InputError when the layers do not fit (with their positions).
  explicit GradientLearner(const LearnerOptions& options);

  int64_t parameters() const { return parameters_; }
  int64_t output_width() const { return inference_->output_width(); }

  /// Fresh weights and optimiser state.
  void initialise(const TrialStreams& streams, int64_t trial = 0);

  /// Of all optimizers, from the next epoch on.
  void scale_learning_rate(double factor, int64_t trial = 0);

  /// The scale of the first phase, and what all have left out.
  LossScaleState loss_scale(int64_t trial = 0) const;

  /// Of a learner of one trial: one pass over its order in batches. Its `predictions`, if not
  /// empty, receive order.size() x output_width() predictions as they were made during training.
  EpochOutcome train_epoch(const TrialEpoch& trial);

  /// All trials. One whose order is empty is no longer looked at: its weights go astray.
  std::vector<EpochOutcome> train_epochs(std::span<const TrialEpoch> trials);

  /// Returns the losses of `rows` (without penalties), NaN for no rows. `predictions`, if not
  /// empty, receives rows.size() x output_width() of them.
  Losses predict(std::span<const int64_t> rows, std::span<float> predictions, int64_t trial = 0);

  /// predict() for all trials, with those that have no rows left out.
  std::vector<Losses> score(std::span<const ScoredRows> trials) {
    return inference_->score(trials, random_);
  }

  /// Weights and state such as moving means, to go back to.
  std::vector<float> snapshot(int64_t trial = 0);
  void restore(std::span<const float> snapshot, int64_t trial = 0);

  /// Into and out of a model file: weights, optimiser slots, step count.
  void save(store::ModelFile& file, int64_t trial = 0);
  void load(const store::ModelFile& file, int64_t trial = 0);

  /// The weights that the file holds under the same name, the others as they are. Throws Error when
  /// a shape differs.
  void take_weights(const store::ModelFile& file, int64_t trial = 0);

  /// The planned training step of a phase, for its costs and its profile.
  graph::Executable& training_step(size_t phase = 0) { return phases_[phase]->executable(); }

 private:
  void build_training(const GraphSetup& setup, std::span<const StackedTrial> trials);
  int64_t value_bytes() const;  ///< of a step, without scratch memory
  void run_phases(int64_t rows, EpochSums& sums);
  void take_predictions(size_t row, std::span<float> predictions) const;

  const graph::Backend& backend_;
  device::Context& context_;
  int64_t batch_size_;

  std::vector<nn::Variable> model_;  ///< weights and state, as numbered by the builder
  VariableStore memory_;             ///< of model_, then of what the phases keep
  int64_t parameters_ = 0;

  std::unique_ptr<RowSource> rows_;
  std::vector<std::unique_ptr<Phase>> phases_;
  std::unique_ptr<DeviceEpoch> device_epoch_;  ///< of stacks, and where memory is not the host's
  std::unique_ptr<Inference> inference_;
  std::vector<PhiloxStream> random_;  ///< by trial
};

}  // namespace mlrun::train
