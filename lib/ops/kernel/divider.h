// Division of indices by a number that is known before the launch.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/kernel/device_code.h"

namespace mlrun::ops {

/// i / d and i % d by a multiplication, where i < 2^31 (a GPU divides in some 20 instructions, 64
/// bits in 100). Granlund, Montgomery: "Division by invariant integers using multiplication", 1994.
class Divider {
 public:
  Divider() : Divider(1) {}

  /// 0 counts as 1.
  explicit Divider(int64_t divisor) : divisor_(std::max<int64_t>(divisor, 1)) {
    if (divisor_ >= kSmall) return;
    while ((int64_t{1} << shift_) < divisor_) ++shift_;
    const uint64_t rest = (uint64_t{1} << shift_) - static_cast<uint64_t>(divisor_);
    factor_ = static_cast<uint32_t>((rest << 32) / static_cast<uint64_t>(divisor_) + 1);
  }

  MLRUN_DEVICE int64_t divisor() const { return divisor_; }

  MLRUN_DEVICE int64_t quotient(int64_t i) const {
    if (i >= kSmall || divisor_ >= kSmall) return i / divisor_;
    return small_quotient(static_cast<int32_t>(i));
  }

  /// The same without a look at the sizes: both are below 2^31, and not negative.
  MLRUN_DEVICE int32_t small_quotient(int32_t i) const {
    const auto n = static_cast<uint32_t>(i);
    const auto high = static_cast<uint32_t>((uint64_t{n} * factor_) >> 32);
    return static_cast<int32_t>((high + n) >> shift_);
  }

  MLRUN_DEVICE int64_t remainder(int64_t i) const { return i - quotient(i) * divisor_; }

 private:
  static constexpr int64_t kSmall = int64_t{1} << 31;

  int64_t divisor_;
  uint32_t factor_ = 0;
  int shift_ = 0;
};

}  // namespace mlrun::ops
