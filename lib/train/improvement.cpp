#include "train/improvement.h"

#include <cmath>

namespace mlrun::train {

Improvement::Improvement(config::MonitorMode mode, bool greater_is_better, double min_delta)
    : greater_(mode == config::MonitorMode::kAuto ? greater_is_better
                                                  : mode == config::MonitorMode::kMax),
      min_delta_(min_delta) {}

bool Improvement::operator()(double value, double than) const {
  if (std::isnan(value)) return false;
  if (std::isnan(than)) return true;
  return greater_ ? value > than + min_delta_ : value < than - min_delta_;
}

}  // namespace mlrun::train
