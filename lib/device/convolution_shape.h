// What a library that convolves images has to know.
#pragma once

#include <compare>
#include <cstdint>

namespace mlrun::device {

/// Which of the three arrays is computed from the other two: y of x and w, dx of dy and w, dw of x
/// and dy.
enum class ConvolutionPass : uint8_t { kResult, kImages, kFilters };

/// y (batch, h.out, w.out, filters) of x (batch, h.in, w.in, channels) and w (filters, h.kernel,
/// w.kernel, channels / groups), all channels last and without gaps.
struct ConvolutionShape {
  struct Axis {
    int64_t in = 1, kernel = 1, out = 1;
    int64_t stride = 1, dilation = 1;
    int64_t padding = 0;  ///< on both sides

    auto operator<=>(const Axis&) const = default;
  };

  ConvolutionPass pass = ConvolutionPass::kResult;
  int64_t batch = 0, channels = 0, filters = 0, groups = 1;
  Axis h, w;
  bool tf32 = false;  ///< operands may be rounded to tf32

  auto operator<=>(const ConvolutionShape&) const = default;
};

}  // namespace mlrun::device
