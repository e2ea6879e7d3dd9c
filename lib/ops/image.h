// Functions on images: (N, H, W, C), channels last. A series (N, T, C) is an image of height 1.
//
// Differentiable. All throw graph::ShapeError when shapes do not fit.
#pragma once

#include <array>
#include <cstdint>

#include "graph/graph.h"

namespace mlrun::ops {

using graph::Graph;
using graph::ValueId;

/// Of height and width.
using Extent = std::array<int64_t, 2>;

/// As Keras: `valid` reads inside of the image only; `same` pads with zeros (the smaller part in
/// front) so that the result has ceil(size / stride) positions.
enum class Padding : uint8_t { kValid, kSame };

struct ConvolutionOptions {
  Extent strides = {1, 1};
  Extent dilation = {1, 1};
  Padding padding = Padding::kValid;
  int64_t groups = 1;
};

/// x (N, H, W, C), filters (KH, KW, C / groups, K) -> (N, OH, OW, K). ops/convolution.h.
ValueId convolution(Graph& g, ValueId x, ValueId filters, const ConvolutionOptions& options);

}  // namespace mlrun::ops
