// Dropout in kernels that drop on the way.
#pragma once

#include "ops/device_code.h"
#include "ops/device_random.h"

namespace mlrun::ops {

/// What dropout_cpu() does, element by element.
class DeviceDropout {
 public:
  DeviceDropout() = default;  ///< keeps everything

  DeviceDropout(float rate, uint32_t salt, const Tensor& random_state)
      : any_(true),
        limit_(dropout_limit(rate)),
        factor_(1.0f / (1.0f - rate)),
        salt_(salt),
        state_(stacked<const uint32_t>(random_state)) {}

  MLRUN_DEVICE bool any() const { return any_; }

  /// x as element i of a tensor of copy k.
  MLRUN_DEVICE float operator()(int64_t k, int64_t i, float x) const {
    if (!any_) return x;
    const RandomWords random = random_words(state_(k), salt_, i >> 2);
    return random.word[i & 3] >= limit_ ? x * factor_ : 0.0f;
  }

 private:
  bool any_ = false;
  uint32_t limit_ = 0;
  float factor_ = 1;
  uint32_t salt_ = 0;
  Stacked<const uint32_t> state_;
};

}  // namespace mlrun::ops
