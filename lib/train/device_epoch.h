// Epochs of training on a device (train/device_pass.h): a step runs the phases that are due, adds
// up their losses and keeps their predictions.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "train/device_pass.h"
#include "train/epoch_outcome.h"
#include "train/phase.h"

namespace mlrun::train {

/// What a trial of a stack brings to an epoch.
struct TrialEpoch {
  std::span<const int64_t> order;
  std::span<float> predictions;  ///< may be empty
  /// Of its next epoch; asked at most once, while the device computes this one, by another thread
  /// if there are many rows (train/orders_ahead.h). See DevicePass::run.
  std::function<std::span<const int64_t>()> next_order = {};
};

/// The phases take their batches and states from here as long as this exists, and must outlive it.
/// Sums are doubles, added in the order of the steps: an epoch ends with the numbers that a host
/// would have summed up step by step.
class DeviceEpoch : public DevicePass {
 public:
  /// `prediction_width` of a row of the first phase's predictions; 0: none are kept.
  DeviceEpoch(const DevicePassOptions& options, std::span<const std::unique_ptr<Phase>> phases,
              int64_t prediction_width);

  int64_t prediction_width() const { return prediction_width_; }

  /// See GradientLearner::train_epochs(); each `order` has at most rows() rows. One without any is
  /// of a trial that nobody looks at any more: its copy goes astray. After a loss that is not
  /// finite the steps go on, but count no more.
  std::vector<EpochOutcome> run(std::span<const TrialEpoch> trials);

  /// The phases have been changed by others than run().
  using DevicePass::forget_ahead;

 protected:
  void write_states(size_t trial, int64_t rows, const Steps& open, std::byte* to) override;
  uint64_t feed_pass(int64_t trial) const override;
  void launch_step(const Part& part) override;
  int64_t variant(int64_t trial) const override;
  void has_started(const Part& part) override;

 private:
  void build_results(size_t phase, int64_t first);
  int64_t batches(int64_t trial) const { return phases_[0]->steps(trial); }
  EpochOutcome outcome_of(std::span<const double> found, int64_t trial, int64_t rows) const;

  std::span<const std::unique_ptr<Phase>> phases_;
  int64_t prediction_width_;
  device::Memory predictions_;
  std::vector<std::unique_ptr<graph::Executable>> results_;  ///< by phase
};

}  // namespace mlrun::train
