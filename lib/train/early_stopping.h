// Keras' EarlyStopping as a pure decision: epoch by epoch, is it better, is it over.
#pragma once

#include <cstdint>
#include <limits>

#include "config/experiment.h"
#include "train/improvement.h"

namespace mlrun::train {

class EarlyStopping {
 public:
  /// `greater_is_better` decides mode `auto`.
  EarlyStopping(const config::EarlyStoppingSpec& spec, bool greater_is_better);

  struct Decision {
    bool improved = false;
    bool stop = false;
  };
  Decision observe(int64_t epoch, double value);

  /// What a checkpoint keeps.
  struct State {
    double best = std::numeric_limits<double>::quiet_NaN();
    int64_t best_epoch = -1;
    int64_t wait = 0;
  };
  const State& state() const { return state_; }
  void set_state(const State& state) { state_ = state; }

 private:
  const config::EarlyStoppingSpec& spec_;
  Improvement better_;
  State state_;
};

}  // namespace mlrun::train
