// Functions on images: (N, H, W, C), channels last. A series (N, T, C) is an image of height 1.
//
// Differentiable. All throw graph::ShapeError when shapes do not fit.
#pragma once

#include <array>
#include <cstdint>

#include "graph/graph.h"
#include "ops/image/augment.h"
#include "ops/image/pooling.h"
#include "ops/image/resample.h"

namespace mlrun::ops {

using graph::Graph;
using graph::ValueId;

/// Of height and width.
using Extent = std::array<int64_t, 2>;

/// As Keras: `valid` reads inside of the image only; `same` pads with zeros (the smaller part in
/// front) so that the result has ceil(size / stride) positions; `causal` pads in front only.
enum class Padding : uint8_t { kValid, kSame, kCausal };

struct ConvolutionOptions {
  Extent strides = {1, 1};
  Extent dilation = {1, 1};
  Padding padding = Padding::kValid;
  int64_t groups = 1;
};

/// x (N, H, W, C), filters (KH, KW, C / groups, K) -> (N, OH, OW, K). ops/image/convolution.h.
ValueId convolution(Graph& g, ValueId x, ValueId filters, const ConvolutionOptions& options);

/// x (N, H, W, K), filters (KH, KW, C, K) -> (N, OH, OW, C): the gradient of a convolution of
/// (N, OH, OW, C). OH = H stride for `same`, (H - 1) stride + max(extent, stride) for `valid`.
ValueId convolution_transpose(Graph& g, ValueId x, ValueId filters,
                              const ConvolutionOptions& options);

/// x (N, H, W, C), filters (KH, KW, C, M) -> (N, OH, OW, C M): channel c through M filters of its
/// own gives channels c M ... c M + M - 1.
ValueId depthwise_convolution(Graph& g, ValueId x, ValueId filters,
                              const ConvolutionOptions& options);

struct PoolOptions {
  Pooling kind = Pooling::kMax;
  Extent window = {2, 2};
  Extent strides = {2, 2};
  Padding padding = Padding::kValid;
};

/// x (N, H, W, C) -> (N, OH, OW, C).
ValueId pool(Graph& g, ValueId x, const PoolOptions& options);

/// x (N, H, W, C) -> (N, 1, 1, C): of the whole image.
ValueId pool_all(Graph& g, ValueId x, Pooling kind);

/// Each slice along `axis` (not the batch) `times` times in a row.
ValueId repeat(Graph& g, ValueId x, int axis, int64_t times);

/// x (N, H, W, C) -> (N, H factor, W factor, C), interpolated between the pixels' centres.
ValueId upsample_bilinear(Graph& g, ValueId x, const Extent& factors);

/// x (N, H, W, C) with zeros around it, or cropped where a margin is negative.
ValueId pad(Graph& g, ValueId x, const Margins& margins);

/// x (N, H, W, C) flipped and shifted at random. `random` is the random state, uint32 (4): Philox
/// key and step.
ValueId augment(Graph& g, ValueId x, ValueId random, const AugmentSettings& settings);

}  // namespace mlrun::ops
