#include "ops/image/image.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/divide.h"
#include "ops/image/convolution.h"
#include "ops/image/depthwise.h"
#include "ops/shape/shaping.h"

namespace mlrun::ops {
namespace {

using graph::ShapeError;

void expect_image(const Shape& shape) {
  if (shape.rank() == 4) return;
  throw ShapeError(fmt::format("needs images (N, H, W, C), not {}", shape.to_string()));
}

ConvolutionAxis axis_of(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                        Padding padding) {
  ConvolutionAxis axis{in, kernel, 0, stride, dilation, 0};
  if (padding != Padding::kValid) {
    axis.out = divide_up(in, stride);
    axis.padding = padding == Padding::kCausal
                       ? axis.extent() - 1
                       : std::max<int64_t>((axis.out - 1) * stride + axis.extent() - in, 0) / 2;
  } else {
    if (axis.extent() > in) {
      throw ShapeError(
          fmt::format("a window of {} does not fit into {} positions (padding: same "
                      "would pad them)",
                      axis.extent(), in));
    }
    axis.out = (in - axis.extent()) / stride + 1;
  }
  return axis;
}

using Axes = std::array<ConvolutionAxis, 2>;

// Of windows as large as the first two dimensions of `filters`.
Axes axes_of(const Shape& image, const Shape& filters, const ConvolutionOptions& o) {
  expect_image(image);
  return {axis_of(image[1], filters[0], o.strides[0], o.dilation[0], o.padding),
          axis_of(image[2], filters[1], o.strides[1], o.dilation[1], o.padding)};
}

// The axis of the image that a convolution would take to one of `in` positions.
int64_t transposed_size(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                        Padding padding) {
  if (padding == Padding::kSame) return capped_product(in, stride);
  return capped_product(in - 1, stride) +
         std::max(capped_product(kernel - 1, dilation) + 1, stride);
}

}  // namespace

ValueId convolution(Graph& g, ValueId x, ValueId filters, const ConvolutionOptions& options) {
  const ConvolutionGeometry geometry{axes_of(g.shape(x), g.shape(filters), options),
                                     options.groups};
  return g.apply(std::make_shared<ConvolutionOp>(geometry, false), {x, filters});
}

ValueId convolution_transpose(Graph& g, ValueId x, ValueId filters, const ConvolutionOptions& o) {
  const Shape& in = g.shape(x);
  const Shape& kernel = g.shape(filters);
  expect_image(in);
  const int64_t height = transposed_size(in[1], kernel[0], o.strides[0], o.dilation[0], o.padding);
  const int64_t width = transposed_size(in[2], kernel[1], o.strides[1], o.dilation[1], o.padding);
  const Shape out{kBatch, height, width, kernel[2]};
  const ConvolutionGeometry geometry{axes_of(out, kernel, o), o.groups};
  return g.apply(std::make_shared<ConvolutionOp>(geometry, true), {x, filters});
}

ValueId depthwise_convolution(Graph& g, ValueId x, ValueId filters,
                              const ConvolutionOptions& options) {
  const Shape kernel = g.shape(filters);
  const Axes axes = axes_of(g.shape(x), kernel, options);
  const ValueId repeated = repeat(g, x, 3, kernel[3]);
  const ValueId flat = g.apply(
      std::make_shared<ReshapeOp>(Shape{kernel[0], kernel[1], kernel[2] * kernel[3]}), {filters});
  return g.apply(std::make_shared<DepthwiseOp>(axes, false), {repeated, flat});
}

ValueId pool(Graph& g, ValueId x, const PoolOptions& o) {
  const Axes axes = axes_of(g.shape(x), Shape(o.window), {o.strides, {1, 1}, o.padding, 1});
  return g.apply(std::make_shared<PoolOp>(o.kind, axes), {x});
}

ValueId pool_all(Graph& g, ValueId x, Pooling kind) {
  const Shape& image = g.shape(x);
  expect_image(image);
  return pool(g, x, {kind, {image[1], image[2]}, {1, 1}, Padding::kValid});
}

ValueId repeat(Graph& g, ValueId x, int axis, int64_t times) {
  return times == 1 ? x : g.apply(std::make_shared<RepeatOp>(axis, times), {x});
}

ValueId upsample_bilinear(Graph& g, ValueId x, const Extent& factors) {
  expect_image(g.shape(x));
  return g.apply(std::make_shared<BilinearOp>(factors), {x});
}

ValueId pad(Graph& g, ValueId x, const Margins& margins) {
  expect_image(g.shape(x));
  return g.apply(std::make_shared<PadOp>(margins), {x});
}

ValueId augment(Graph& g, ValueId x, ValueId random, const AugmentSettings& settings) {
  expect_image(g.shape(x));
  return g.apply(std::make_shared<AugmentOp>(settings), {x, random});
}

}  // namespace mlrun::ops
