// Learning by gradients: a graph for each phase of training, one for inference, the same weights
// under all.
#pragma once

#include <array>
#include <memory>

#include "config/experiment.h"
#include "device/context.h"
#include "graph/executable.h"
#include "train/feed.h"
#include "train/learner.h"
#include "train/phase.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {

struct LearnerOptions {
  const config::ExperimentSpec* spec = nullptr;
  Shape input;                  ///< see input_shape()
  ops::AdjacencyPtr adjacency;  ///< of graphs, else null
  const Feed* feed = nullptr;   ///< must outlive the learner
  device::Context* context = nullptr;
  const graph::KernelTable* kernels = nullptr;
  bool training_predictions = false;  ///< keep them for metrics on the training rows
};

/// A list of phases over common weights. All see every batch; the first one's loss is the loss.
class GradientLearner : public Learner {
 public:
  /// Throws InputError when the layers do not fit (with their positions).
  explicit GradientLearner(const LearnerOptions& options);

  int64_t parameters() const override { return parameters_; }
  int64_t output_width() const override { return output_width_; }
  void initialise(const TrialStreams& streams) override;
  EpochOutcome train_epoch(std::span<const int64_t> order, std::span<float> predictions) override;
  Losses predict(std::span<const int64_t> rows, std::span<float> predictions) override;
  std::vector<float> snapshot() override;
  void restore(std::span<const float> snapshot) override;
  void save(store::ModelFile& file) override;
  void load(const store::ModelFile& file) override;

  /// The weights that the file holds under the same name, the others as they are. Throws Error when
  /// a shape differs.
  void take_weights(const store::ModelFile& file);

  /// The planned training step of a phase, for its costs and its profile.
  graph::Executable& training_step(size_t phase = 0) { return phases_[phase]->executable(); }

 private:
  void allocate_batch();
  void build_training(const GraphSetup& setup, const graph::KernelTable& kernels);
  void build_scoring(const GraphSetup& setup, const graph::KernelTable& kernels);
  void bind_batch(graph::Executable& executable, const GraphInputs& inputs);
  void run_phases(int64_t batch, int64_t rows, EpochOutcome& outcome);
  void take_predictions(const Tensor& made, size_t row, std::span<float> predictions) const;

  const Feed& feed_;
  device::Context& context_;
  int64_t batch_size_;
  int64_t inference_batch_;

  std::vector<nn::Variable> model_;  ///< weights and state, as numbered by the builder
  VariableStore memory_;             ///< of model_, then of the optimisers' slots
  int64_t parameters_ = 0;
  int64_t output_width_ = 0;

  std::vector<std::unique_ptr<Phase>> phases_;
  std::vector<int64_t> phase_rows_;  ///< that each phase has seen in this epoch
  std::unique_ptr<graph::Executable> inference_;
  graph::ValueId sample_losses_ = graph::kNoValue;
  graph::ValueId sample_counts_ = graph::kNoValue;
  graph::ValueId prediction_ = graph::kNoValue;
  std::vector<graph::ValueId> sample_terms_;

  std::unique_ptr<AlignedFloats> features_;
  std::unique_ptr<AlignedFloats> target_;
  std::unique_ptr<AlignedFloats> weights_;
  std::unique_ptr<AlignedFloats> items_;
  std::vector<AlignedFloats> further_;  ///< targets of further outputs
  std::vector<void*> further_memory_;   ///< the same for the feed
  BatchMemory batch_;
  PhiloxStream random_;
  std::array<uint32_t, 4> random_state_{};  ///< of inference
};

}  // namespace mlrun::train
