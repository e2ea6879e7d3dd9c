#include "train/early_stopping.h"

#include <cmath>

namespace mlrun::train {

EarlyStopping::EarlyStopping(const config::EarlyStoppingSpec& spec, bool greater_is_better)
    : spec_(spec),
      greater_(spec.mode == config::EarlyStoppingMode::kAuto
                   ? greater_is_better
                   : spec.mode == config::EarlyStoppingMode::kMax) {}

bool EarlyStopping::better(double value, double than) const {
  if (std::isnan(value)) return false;
  if (std::isnan(than)) return true;
  return greater_ ? value > than + spec_.min_delta : value < than - spec_.min_delta;
}

EarlyStopping::Decision EarlyStopping::observe(int64_t epoch, double value) {
  if (epoch < spec_.start_from_epoch) return {};
  ++state_.wait;
  if (better(value, state_.best)) {
    state_.best = value;
    state_.best_epoch = epoch;
    if (!spec_.baseline || better(value, *spec_.baseline)) state_.wait = 0;
    return {.improved = true};
  }
  return {.stop = state_.wait >= spec_.patience && epoch > 0};
}

}  // namespace mlrun::train
