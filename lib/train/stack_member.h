// One of the trials of a gradient learner, which may be a stack of them.
#pragma once

#include "train/gradient_learner.h"

namespace mlrun::train {

/// What GradientLearner offers for each of its trials, for this one. The learner must outlive it,
/// and trains the epochs of all.
class StackMember {
 public:
  StackMember(GradientLearner& learner, int64_t trial) : learner_(learner), trial_(trial) {}

  int64_t parameters() const { return learner_.parameters(); }
  int64_t output_width() const { return learner_.output_width(); }
  void initialise(const TrialStreams& streams) { learner_.initialise(streams, trial_); }
  void scale_learning_rate(double factor) { learner_.scale_learning_rate(factor, trial_); }
  LossScaleState loss_scale() const { return learner_.loss_scale(trial_); }
  Losses predict(std::span<const int64_t> rows, std::span<float> predictions) {
    return learner_.predict(rows, predictions, trial_);
  }
  std::vector<float> snapshot() { return learner_.snapshot(trial_); }
  void restore(std::span<const float> snapshot) { learner_.restore(snapshot, trial_); }
  void save(store::ModelFile& file) { learner_.save(file, trial_); }
  void load(const store::ModelFile& file) { learner_.load(file, trial_); }
  void take_weights(const store::ModelFile& file) { learner_.take_weights(file, trial_); }

 private:
  GradientLearner& learner_;
  int64_t trial_;
};

}  // namespace mlrun::train
