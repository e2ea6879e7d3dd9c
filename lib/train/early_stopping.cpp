#include "train/early_stopping.h"

namespace mlrun::train {

EarlyStopping::EarlyStopping(const config::EarlyStoppingSpec& spec, bool greater_is_better)
    : spec_(spec), better_(spec.mode, greater_is_better, spec.min_delta) {}

EarlyStopping::Decision EarlyStopping::observe(int64_t epoch, double value) {
  if (epoch < spec_.start_from_epoch) return {};
  ++state_.wait;
  if (better_(value, state_.best)) {
    state_.best = value;
    state_.best_epoch = epoch;
    if (!spec_.baseline || better_(value, *spec_.baseline)) state_.wait = 0;
    return {.improved = true};
  }
  return {.stop = state_.wait >= spec_.patience && epoch > 0};
}

}  // namespace mlrun::train
