#include "nn/layers/convolution.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::count;
using config::FieldList;
using config::FieldListOf;

constexpr const char* kSizeDoc = "length of the filters, or height and width";
constexpr const char* kStridesDoc = "positions from one output to the next";
constexpr const char* kPaddingDoc = "same: zeros around, so that strides of 1 keep the size";
constexpr const char* kDilationDoc = "positions from one tap to the next";

template <class L>
FieldListOf<L>& add_kernel_fields(FieldListOf<L>& list) {
  return list.field("kernel_size", &L::kernel_size, kSizeDoc, config::required, count())
      .field("strides", &L::strides, kStridesDoc, count())
      .field("padding", &L::padding, kPaddingDoc)
      .field("dilation_rate", &L::dilation_rate, kDilationDoc, count());
}

template <class L>
FieldListOf<L>& add_end_fields(FieldListOf<L>& list) {
  return list.field("activation", &L::activation, "applied to the result")
      .field("use_bias", &L::use_bias, "whether there is a bias")
      .field("bias_initializer", &L::bias_initializer, "start of the bias")
      .field("bias_regularizer", &L::bias_regularizer, "penalty on the bias");
}

template <class L>
FieldListOf<L>& add_fields(FieldListOf<L>& list) {
  list.field("filters", &L::filters, "channels of the output", config::required, count());
  add_kernel_fields(list);
  if constexpr (requires { &L::groups; }) {
    list.field("groups", &L::groups, "parts of the channels, each with filters of its own",
               count());
  }
  add_end_fields(list);
  return list.field("kernel_initializer", &L::kernel_initializer, "start of the filters")
      .field("kernel_regularizer", &L::kernel_regularizer, "penalty on the filters");
}

template <class L>
FieldListOf<L>& add_depthwise_fields(FieldListOf<L>& list) {
  add_kernel_fields(list);
  list.field("depth_multiplier", &L::depth_multiplier, "filters of each channel", count());
  add_end_fields(list);
  return list
      .field("depthwise_initializer", &L::depthwise_initializer, "start of the channels' filters")
      .field("depthwise_regularizer", &L::depthwise_regularizer,
             "penalty on the channels' filters");
}

// (size..., in, out).
Shape kernel_shape(int64_t size, int64_t in, int64_t out) { return {size, in, out}; }

Shape kernel_shape(const ImageSize& sizes, int64_t in, int64_t out) {
  const ops::Extent size = extent("kernel_size", sizes);
  return {size[0], size[1], in, out};
}

}  // namespace

ValueId ConvolutionEnd::finish(Builder& b, ValueId sums) const {
  graph::Graph& g = b.graph();
  if (use_bias) {
    const Shape channels{g.shape(sums).back()};
    sums =
        ops::add(g, sums, b.weight("bias", channels, bias_initializer, {true, bias_regularizer}));
  }
  return activate(g, activation, sums);
}

template <class Size>
ValueId ConvolutionFields<Size>::convolve(Builder& b, ValueId x, ops::Padding padding,
                                          int64_t groups) const {
  graph::Graph& g = b.graph();
  x = as_images<Size>(b, x);
  const int64_t channels = g.shape(x).back();
  if (channels % groups != 0 || filters % groups != 0) {
    throw graph::ShapeError(fmt::format("{} channels and {} filters cannot be cut into {} groups",
                                        channels, filters, groups));
  }
  const Shape shape = kernel_shape(kernel_size, channels / groups, filters);
  const ValueId kernel = b.weight("kernel", shape, kernel_initializer, {true, kernel_regularizer});
  const ops::Extent size = extent("kernel_size", kernel_size);
  const ValueId taps = ops::reshape(g, kernel, Shape{size[0], size[1], channels / groups, filters});
  const ValueId sums = ops::convolution(g, x, taps, options(padding, groups));
  return from_images<Size>(b, finish(b, sums));
}

const FieldList& Conv1D::fields() {
  static const FieldList list = [] {
    FieldListOf<Conv1D> all("Conv1D", "Filters along a series (N, T, C).");
    return add_fields(all);
  }();
  return list;
}

ValueId Conv1D::build(Builder& b, ValueId x) const {
  const ops::Padding how = padding == SeriesPadding::kSame     ? ops::Padding::kSame
                           : padding == SeriesPadding::kCausal ? ops::Padding::kCausal
                                                               : ops::Padding::kValid;
  return convolve(b, x, how, groups);
}

const FieldList& Conv2D::fields() {
  static const FieldList list = [] {
    FieldListOf<Conv2D> all("Conv2D", "Filters over images (N, H, W, C).");
    return add_fields(all);
  }();
  return list;
}

ValueId Conv2D::build(Builder& b, ValueId x) const { return convolve(b, x, padding, groups); }

const FieldList& Conv2DTranspose::fields() {
  static const FieldList list = [] {
    FieldListOf<Conv2DTranspose> all("Conv2DTranspose",
                                     "The transpose of a convolution: strides enlarge the image.");
    return add_fields(all);
  }();
  return list;
}

ValueId Conv2DTranspose::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  x = as_images<ImageSize>(b, x);
  const Shape shape = kernel_shape(kernel_size, filters, g.shape(x).back());
  const ValueId kernel = b.weight("kernel", shape, kernel_initializer, {true, kernel_regularizer});
  return finish(b, ops::convolution_transpose(g, x, kernel, options(padding, 1)));
}

const FieldList& DepthwiseConv2D::fields() {
  static const FieldList list = [] {
    FieldListOf<DepthwiseConv2D> all("DepthwiseConv2D", "Each channel through its own filters.");
    return add_depthwise_fields(all);
  }();
  return list;
}

ValueId DepthwiseConv2D::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  x = as_images<ImageSize>(b, x);
  const ValueId kernel =
      b.weight("kernel", kernel_shape(kernel_size, g.shape(x).back(), depth_multiplier),
               depthwise_initializer, {true, depthwise_regularizer});
  return finish(b, ops::depthwise_convolution(g, x, kernel,
                                              {extent("strides", strides),
                                               extent("dilation_rate", dilation_rate), padding}));
}

const FieldList& SeparableConv2D::fields() {
  static const FieldList list = [] {
    FieldListOf<SeparableConv2D> all("SeparableConv2D",
                                     "Each channel through its own filters, then all together.");
    all.field("filters", &SeparableConv2D::filters, "channels of the output", config::required,
              count());
    return add_depthwise_fields(all)
        .field("pointwise_initializer", &SeparableConv2D::pointwise_initializer,
               "start of the 1 x 1 filters")
        .field("pointwise_regularizer", &SeparableConv2D::pointwise_regularizer,
               "penalty on the 1 x 1 filters");
  }();
  return list;
}

ValueId SeparableConv2D::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  x = as_images<ImageSize>(b, x);
  const int64_t channels = g.shape(x).back();
  const ValueId depthwise =
      b.weight("depthwise_kernel", kernel_shape(kernel_size, channels, depth_multiplier),
               depthwise_initializer, {true, depthwise_regularizer});
  const ValueId pointwise =
      b.weight("pointwise_kernel", Shape{1, 1, channels * depth_multiplier, filters},
               pointwise_initializer, {true, pointwise_regularizer});
  x = ops::depthwise_convolution(
      g, x, depthwise,
      {extent("strides", strides), extent("dilation_rate", dilation_rate), padding});
  return finish(b, ops::convolution(g, x, pointwise, {}));
}

}  // namespace mlrun::nn
