// Where a window's taps read: one axis of a convolution, plain or transposed, as the CPU kernels
// walk over it.
#pragma once

#include <cstdint>

#include "ops/image/convolution.h"

namespace mlrun::ops {

/// Output position i reads at tap a the position (i * step + a * dilation - padding) / divisor of
/// its input, if that is whole and inside.
struct TapAxis {
  int64_t in, kernel, out;
  int64_t step, divisor, dilation, padding;

  /// The position read, or -1.
  int64_t source(int64_t i, int64_t tap) const {
    const int64_t at = i * step + tap * dilation - padding;
    if (at < 0 || at % divisor != 0 || at / divisor >= in) return -1;
    return at / divisor;
  }
};

inline TapAxis plain_taps(const ConvolutionAxis& a) {
  return {a.in, a.kernel, a.out, a.stride, 1, a.dilation, a.padding};
}

/// The other way round; the taps in reverse order.
inline TapAxis transposed_taps(const ConvolutionAxis& a) {
  return {a.out, a.kernel, a.in, 1, a.stride, a.dilation, a.extent() - 1 - a.padding};
}

}  // namespace mlrun::ops
