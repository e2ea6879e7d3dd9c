#include "train/plateau.h"

#include <algorithm>

namespace mlrun::train {

Plateau::Plateau(const config::PlateauSpec& spec, bool greater_is_better, double learning_rate)
    : spec_(spec),
      better_(spec.mode, greater_is_better, spec.min_delta),
      first_(learning_rate),
      state_{.learning_rate = learning_rate} {}

bool Plateau::observe(double value) {
  if (state_.cooldown > 0) {
    --state_.cooldown;
    state_.wait = 0;
  }
  if (better_(value, state_.best)) {
    state_.best = value;
    state_.wait = 0;
    return false;
  }
  if (state_.cooldown > 0 || ++state_.wait < spec_.patience) return false;
  if (state_.learning_rate <= spec_.min_lr) return false;
  state_.learning_rate = std::max(state_.learning_rate * spec_.factor, spec_.min_lr);
  state_.cooldown = spec_.cooldown;
  state_.wait = 0;
  return true;
}

}  // namespace mlrun::train
