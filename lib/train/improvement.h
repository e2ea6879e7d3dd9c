// Whether what is watched from epoch to epoch has become better, as Keras' callbacks say it.
#pragma once

#include "config/experiment.h"

namespace mlrun::train {

/// NaN is never better, and any number is better than NaN.
class Improvement {
 public:
  /// `greater_is_better` decides mode `auto`. `min_delta`: the least change that counts.
  Improvement(config::MonitorMode mode, bool greater_is_better, double min_delta);

  bool operator()(double value, double than) const;

 private:
  bool greater_;
  double min_delta_;
};

}  // namespace mlrun::train
