// One axis of a convolution (ops/image/taps.h) as the kernels of a GPU walk over it.
#pragma once

#include "ops/image/taps.h"
#include "ops/kernel/device_code.h"
#include "ops/kernel/divider.h"

namespace mlrun::ops {

/// TapAxis without divisions by numbers that the compiler does not know, and in 32 bits: a GPU's 64
/// are two instructions or more each.
struct DeviceTaps {
  int64_t in, kernel, out;
  int32_t step, dilation, padding;
  Divider divisor;

  explicit DeviceTaps(const TapAxis& a)
      : in(a.in),
        kernel(a.kernel),
        out(a.out),
        step(static_cast<int32_t>(a.step)),
        dilation(static_cast<int32_t>(a.dilation)),
        padding(static_cast<int32_t>(a.padding)),
        divisor(a.divisor) {}

  /// The position that output position i reads at a tap, or -1.
  MLRUN_DEVICE int32_t source(int64_t i, int64_t tap) const {
    const int32_t at =
        static_cast<int32_t>(i) * step + static_cast<int32_t>(tap) * dilation - padding;
    if (at < 0) return -1;
    const int32_t position = divisor.small_quotient(at);
    const bool is_whole = position * static_cast<int32_t>(divisor.divisor()) == at;
    return is_whole && position < static_cast<int32_t>(in) ? position : -1;
  }
};

}  // namespace mlrun::ops
