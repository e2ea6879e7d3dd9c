// A trial of a gradient learner as a learner of its own.
#pragma once

#include "train/gradient_learner.h"

namespace mlrun::train {

/// The learner must outlive it. Of a stack, epochs are trained by GradientLearner::train_epochs().
class StackMember : public Learner {
 public:
  StackMember(GradientLearner& learner, int64_t trial) : learner_(learner), trial_(trial) {}

  int64_t parameters() const override { return learner_.parameters(); }
  int64_t output_width() const override { return learner_.output_width(); }
  void initialise(const TrialStreams& streams) override { learner_.initialise(streams, trial_); }
  LossScaleState loss_scale() const { return learner_.loss_scale(trial_); }
  EpochOutcome train_epoch(std::span<const int64_t> order, std::span<float> predictions) override {
    return learner_.train_epoch({order, predictions});
  }
  Losses predict(std::span<const int64_t> rows, std::span<float> predictions) override {
    return learner_.predict(rows, predictions, trial_);
  }
  std::vector<float> snapshot() override { return learner_.snapshot(trial_); }
  void restore(std::span<const float> snapshot) override { learner_.restore(snapshot, trial_); }
  void save(store::ModelFile& file) override { learner_.save(file, trial_); }
  void load(const store::ModelFile& file) override { learner_.load(file, trial_); }
  void take_weights(const store::ModelFile& file) { learner_.take_weights(file, trial_); }

 private:
  GradientLearner& learner_;
  int64_t trial_;
};

}  // namespace mlrun::train
