#include "ops/image.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/convolution.h"

namespace mlrun::ops {
namespace {

using graph::ShapeError;

void expect_image(const Shape& shape) {
  if (shape.rank() == 4) return;
  throw ShapeError(fmt::format("needs images (N, H, W, C), not {}", shape.to_string()));
}

int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

ConvolutionAxis axis_of(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                        Padding padding) {
  ConvolutionAxis axis{in, kernel, 0, stride, dilation, 0};
  if (padding == Padding::kSame) {
    axis.out = divide_up(in, stride);
    axis.padding = std::max<int64_t>((axis.out - 1) * stride + axis.extent() - in, 0) / 2;
  } else {
    if (axis.extent() > in) {
      throw ShapeError(fmt::format("a window of {} does not fit into {} positions (padding: same "
                                   "would pad them)",
                                   axis.extent(), in));
    }
    axis.out = (in - axis.extent()) / stride + 1;
  }
  return axis;
}

}  // namespace

ValueId convolution(Graph& g, ValueId x, ValueId filters, const ConvolutionOptions& options) {
  const Shape& image = g.shape(x);
  expect_image(image);
  ConvolutionGeometry geometry;
  geometry.groups = options.groups;
  for (const int a : {0, 1}) {
    const auto i = static_cast<size_t>(a);
    geometry.axes[i] = axis_of(image[a + 1], g.shape(filters)[a], options.strides[i],
                               options.dilation[i], options.padding);
  }
  return g.apply(std::make_shared<ConvolutionOp>(geometry, false), {x, filters});
}

}  // namespace mlrun::ops
