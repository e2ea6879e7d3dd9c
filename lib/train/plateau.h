// Keras' ReduceLROnPlateau as a pure decision: what the learning rate is, epoch by epoch.
#pragma once

#include <cstdint>
#include <limits>

#include "config/experiment.h"
#include "train/improvement.h"

namespace mlrun::train {

class Plateau {
 public:
  /// `learning_rate`: that of the first epoch.
  Plateau(const config::PlateauSpec& spec, bool greater_is_better, double learning_rate);

  /// To be called behind each epoch. Whether the next one's learning rate is another.
  bool observe(double value);

  /// Of the next epoch, in parts of the first one's.
  double factor() const { return state_.learning_rate / first_; }

  /// What a checkpoint keeps.
  struct State {
    double learning_rate = 0;
    double best = std::numeric_limits<double>::quiet_NaN();
    int64_t wait = 0;
    int64_t cooldown = 0;
  };
  const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  const config::PlateauSpec& spec_;
  Improvement better_;
  double first_;
  State state_;
};

}  // namespace mlrun::train
