// Learning by gradients: a graph for training, one for inference, the same weights under both.
#pragma once

#include <array>
#include <memory>

#include "config/experiment.h"
#include "device/context.h"
#include "graph/executable.h"
#include "nn/layer.h"
#include "optim/optimizer.h"
#include "train/feed.h"
#include "train/learner.h"
#include "train/variable_store.h"

namespace mlrun::train {

struct LearnerOptions {
  const config::ExperimentSpec* spec = nullptr;
  std::vector<int64_t> sample_shape;
  const Feed* feed = nullptr;  ///< must outlive the learner
  device::Context* context = nullptr;
  const graph::KernelTable* kernels = nullptr;
  bool training_predictions = false;  ///< keep them for metrics on the training rows
};

/// One phase: the loss, all trainable weights, one optimiser.
class GradientLearner : public Learner {
 public:
  /// Throws InputError when the layers do not fit (with their positions).
  explicit GradientLearner(const LearnerOptions& options);

  int64_t parameters() const override { return parameters_; }
  int64_t output_width() const override { return output_width_; }
  void initialise(const TrialStreams& streams) override;
  EpochOutcome train_epoch(std::span<const int64_t> order, std::span<float> predictions) override;
  double predict(std::span<const int64_t> rows, std::span<float> predictions) override;
  std::vector<float> snapshot() override;
  void restore(std::span<const float> snapshot) override;
  void save(store::ModelFile& file) override;
  void load(const store::ModelFile& file) override;

  /// The planned training step, for its costs and its profile.
  graph::Executable& training_step() { return *training_; }

 private:
  struct Inputs {
    graph::ValueId features = graph::kNoValue;
    graph::ValueId target = graph::kNoValue;
    graph::ValueId weights = graph::kNoValue;
  };

  void allocate_batch();
  Inputs add_inputs(graph::Graph& g, bool weights) const;
  graph::ValueId build_model(nn::Builder& builder, graph::ValueId features) const;
  void build_training(const LearnerOptions& options);
  void build_inference(const LearnerOptions& options);
  void bind(graph::Executable& executable, const Inputs& inputs,
            std::span<const nn::Variable> variables);
  void take_predictions(const Tensor& made, size_t row, std::span<float> predictions) const;
  void step(std::span<const int64_t> rows, EpochOutcome& outcome);

  const config::ExperimentSpec& spec_;
  const nn::Loss& loss_function_;
  const optim::Optimizer& optimizer_;
  const Feed& feed_;
  device::Context& context_;
  Shape input_shape_;
  int64_t batch_size_;
  int64_t inference_batch_;

  std::vector<nn::Variable> model_;  ///< weights and state, as numbered by the builder
  VariableStore memory_;             ///< of model_, then of the optimiser's slots
  int64_t parameters_ = 0;
  int64_t output_width_ = 0;

  std::unique_ptr<graph::Executable> training_;
  graph::ValueId loss_ = graph::kNoValue;
  graph::ValueId training_prediction_ = graph::kNoValue;
  std::unique_ptr<graph::Executable> inference_;
  graph::ValueId sample_losses_ = graph::kNoValue;
  graph::ValueId prediction_ = graph::kNoValue;

  std::unique_ptr<AlignedFloats> features_;
  std::unique_ptr<AlignedFloats> target_;
  std::unique_ptr<AlignedFloats> weights_;
  BatchMemory batch_;
  std::array<uint32_t, 4> random_state_{};
  std::array<float, 2> optimizer_state_{};
  int64_t steps_ = 0;
};

}  // namespace mlrun::train
