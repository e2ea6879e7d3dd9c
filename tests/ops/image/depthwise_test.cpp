#include "ops/image/depthwise.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "ops/harness.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

struct DepthwiseSetting {
  Extent image;
  Extent kernel;
  Extent strides = {1, 1};
  Extent dilation = {1, 1};
  Padding padding = Padding::kValid;
};

ConvolutionAxis axis_of(const DepthwiseSetting& s, size_t a) {
  ConvolutionAxis axis{s.image[a], s.kernel[a], 0, s.strides[a], s.dilation[a], 0};
  if (s.padding == Padding::kSame) {
    axis.out = (axis.in + axis.stride - 1) / axis.stride;
    axis.padding = std::max<int64_t>((axis.out - 1) * axis.stride + axis.extent() - axis.in, 0) / 2;
  } else {
    axis.out = (axis.in - axis.extent()) / axis.stride + 1;
  }
  return axis;
}

// Calls term(index in x, index in w (taps, C, M), index in y) for every product.
template <class Term>
void for_each_term(const DepthwiseSetting& s, int64_t multiplier, Sizes sizes, Term term) {
  const ConvolutionAxis h = axis_of(s, 0);
  const ConvolutionAxis w = axis_of(s, 1);
  const int64_t outputs = sizes.width * multiplier;
  for (int64_t at = 0; at < sizes.batch * h.out * w.out * outputs; ++at) {
    const int64_t k = at % outputs;
    const int64_t j = at / outputs % w.out;
    const int64_t i = at / outputs / w.out % h.out;
    const int64_t n = at / outputs / w.out / h.out;
    for (int64_t tap = 0; tap < h.kernel * w.kernel; ++tap) {
      const int64_t row = i * h.stride + tap / w.kernel * h.dilation - h.padding;
      const int64_t column = j * w.stride + tap % w.kernel * w.dilation - w.padding;
      if (row < 0 || row >= h.in || column < 0 || column >= w.in) continue;
      term(static_cast<size_t>(((n * h.in + row) * w.in + column) * sizes.width + k / multiplier),
           static_cast<size_t>(tap * outputs + k), static_cast<size_t>(at));
    }
  }
}

Case depthwise_case(const DepthwiseSetting& s, int64_t multiplier) {
  const ConvolutionAxis h = axis_of(s, 0);
  const ConvolutionAxis w = axis_of(s, 1);
  return {fmt::format("depthwise {}x{} on {}x{}, {} filters a channel", s.kernel[0], s.kernel[1],
                      s.image[0], s.image[1], multiplier),
          [=](int64_t width) {
            return std::vector<Input>{{{kBatch, s.image[0], s.image[1], width}, -1, 1},
                                      {{s.kernel[0], s.kernel[1], width, multiplier}, -1, 1}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return depthwise_convolution(g, x[0], x[1], {s.strides, s.dilation, s.padding, 1});
          },
          [=](std::span<const Array> x, Sizes sizes) {
            Array y(static_cast<size_t>(sizes.batch * h.out * w.out * sizes.width * multiplier));
            for_each_term(s, multiplier, sizes,
                          [&](size_t xi, size_t wi, size_t yi) { y[yi] += x[0][xi] * x[1][wi]; });
            return y;
          },
          true,
          3e-5,
          1.0};
}

Case transposed_case(const DepthwiseSetting& s) {
  const ConvolutionAxis h = axis_of(s, 0);
  const ConvolutionAxis w = axis_of(s, 1);
  Case c = depthwise_case(s, 1);
  c.name = "transposed " + c.name;
  c.inputs = [=](int64_t width) {
    return std::vector<Input>{{{kBatch, h.out, w.out, width}, -1, 1},
                              {{h.kernel, w.kernel, width}, -1, 1}};
  };
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    return g.apply(std::make_shared<DepthwiseOp>(std::array{h, w}, true), {x[0], x[1]});
  };
  c.reference = [=](std::span<const Array> x, Sizes sizes) {
    Array dx(static_cast<size_t>(sizes.batch * h.in * w.in * sizes.width));
    for_each_term(s, 1, sizes,
                  [&](size_t xi, size_t wi, size_t yi) { dx[xi] += x[0][yi] * x[1][wi]; });
    return dx;
  };
  return c;
}

Case weight_grad_case(const DepthwiseSetting& s) {
  const ConvolutionAxis h = axis_of(s, 0);
  const ConvolutionAxis w = axis_of(s, 1);
  Case c = depthwise_case(s, 1);
  c.name = "filters' gradient of " + c.name;
  c.inputs = [=](int64_t width) {
    return std::vector<Input>{{{kBatch, h.in, w.in, width}, -1, 1},
                              {{kBatch, h.out, w.out, width}, -1, 1}};
  };
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    return g.apply(std::make_shared<DepthwiseWeightGradOp>(std::array{h, w}), {x[0], x[1]});
  };
  c.reference = [=](std::span<const Array> x, Sizes sizes) {
    Array dw(static_cast<size_t>(h.kernel * w.kernel * sizes.width));
    for_each_term(s, 1, sizes,
                  [&](size_t xi, size_t wi, size_t yi) { dw[wi] += x[0][xi] * x[1][yi]; });
    return dw;
  };
  return c;
}

constexpr Sizes kDepthwiseSizes[] = {{0, 3}, {1, 1}, {3, 5}, {2, 16}, {37, 33}};

std::vector<DepthwiseSetting> depthwise_settings() {
  return {{{5, 6}, {3, 3}},
          {{5, 6}, {3, 3}, {1, 1}, {1, 1}, Padding::kSame},
          {{7, 6}, {3, 2}, {2, 2}, {1, 1}, Padding::kSame},
          {{6, 7}, {2, 3}, {1, 2}, {2, 1}, Padding::kValid},
          {{1, 9}, {1, 4}, {1, 1}, {1, 2}, Padding::kSame}};
}

}  // namespace

TEST_CASE("depthwise: kernels, strides, dilations and paddings") {
  for (const DepthwiseSetting& s : depthwise_settings()) {
    for (const int64_t multiplier : {1, 3}) check(depthwise_case(s, multiplier), kDepthwiseSizes);
  }
}

TEST_CASE("depthwise: transposed, and of the filters' gradient") {
  for (const DepthwiseSetting& s : depthwise_settings()) {
    check(transposed_case(s), kDepthwiseSizes);
    check(weight_grad_case(s), kDepthwiseSizes);
  }
}
