// One axis of a convolution (ops/taps.h) as the kernels of a GPU walk over it.
#pragma once

#include "ops/device_code.h"
#include "ops/divider.h"
#include "ops/taps.h"

namespace mlrun::ops {

/// TapAxis without divisions by numbers that the compiler does not know.
struct DeviceTaps {
  int64_t in, kernel, out;
  int64_t step, dilation, padding;
  Divider divisor;

  explicit DeviceTaps(const TapAxis& a)
      : in(a.in),
        kernel(a.kernel),
        out(a.out),
        step(a.step),
        dilation(a.dilation),
        padding(a.padding),
        divisor(a.divisor) {}

  /// The position that output position i reads at a tap, or -1.
  MLRUN_DEVICE int64_t source(int64_t i, int64_t tap) const {
    const int64_t at = i * step + tap * dilation - padding;
    if (at < 0) return -1;
    const int64_t position = divisor.quotient(at);
    return position * divisor.divisor() == at && position < in ? position : -1;
  }
};

}  // namespace mlrun::ops
