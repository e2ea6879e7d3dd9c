// Dropout in kernels that drop on the way.
#pragma once

#include "ops/kernel/device_code.h"
#include "ops/kernel/device_random.h"

namespace mlrun::ops {

/// What dropout_cpu() does, element by element.
class DeviceDropout {
 public:
  DeviceDropout() = default;  ///< keeps everything

  /// `rates`: of each copy; null if it is `rate` in all.
  DeviceDropout(float rate, Stacked<const float> rates, uint32_t salt, const Tensor& random_state)
      : any_(true),
        rule_(rule_of(rate)),
        rates_(rates),
        salt_(salt),
        state_(stacked<const uint32_t>(random_state)) {}

  MLRUN_DEVICE bool any() const { return any_; }

  /// x as element i of a tensor of copy k.
  MLRUN_DEVICE float operator()(int64_t k, int64_t i, float x) const {
    if (!any_) return x;
    const Rule rule = rates_.data ? rule_of(*rates_(k)) : rule_;
    const RandomWords random = random_words(state_(k), salt_, i >> 2);
    return random.word[i & 3] >= rule.limit ? x * rule.factor : 0.0f;
  }

 private:
  struct Rule {
    uint32_t limit = 0;  ///< of the words that keep an element
    float factor = 1;
  };

  MLRUN_DEVICE static Rule rule_of(float rate) {
    return {dropout_limit(rate), 1.0f / (1.0f - rate)};
  }

  bool any_ = false;
  Rule rule_;
  Stacked<const float> rates_;
  uint32_t salt_ = 0;
  Stacked<const uint32_t> state_;
};

}  // namespace mlrun::ops
