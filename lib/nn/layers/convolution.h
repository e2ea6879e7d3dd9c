// Convolutions of series and of images, as in Keras.
#pragma once

#include "nn/activations.h"
#include "nn/layers/images.h"

namespace mlrun::nn {

/// What follows the sums: activation(sums + bias).
struct ConvolutionEnd : Layer {
  ActivationRef activation;
  bool use_bias = true;
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef bias_regularizer;

 protected:
  ValueId finish(Builder& b, ValueId sums) const;
};

/// The fields of series, or of images.
template <class Size>
struct ConvolutionFields : ConvolutionEnd {
  int64_t filters = 0;
  Size kernel_size{};
  Size strides = Size{1};
  Size dilation_rate = Size{1};
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  RegularizerRef kernel_regularizer;

 protected:
  ops::ConvolutionOptions options(ops::Padding padding, int64_t groups) const {
    return {extent("strides", strides), extent("dilation_rate", dilation_rate), padding, groups};
  }

  /// The layer, given how it is padded. The kernel is (size..., C / groups, filters).
  ValueId convolve(Builder& b, ValueId x, ops::Padding padding, int64_t groups) const;
};

enum class SeriesPadding : uint8_t { kValid, kSame, kCausal };

/// (N, T, C) -> (N, T', filters).
struct Conv1D : ConvolutionFields<SeriesSize> {
  SeriesPadding padding = SeriesPadding::kValid;
  int64_t groups = 1;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// (N, H, W, C) -> (N, H', W', filters).
struct Conv2D : ConvolutionFields<ImageSize> {
  ops::Padding padding = ops::Padding::kValid;
  int64_t groups = 1;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// (N, H, W, C) -> (N, H', W', filters), larger by the strides. The kernel is (KH, KW, filters, C).
struct Conv2DTranspose : ConvolutionFields<ImageSize> {
  ops::Padding padding = ops::Padding::kValid;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// (N, H, W, C) -> (N, H', W', C depth_multiplier): each channel has filters of its own.
struct DepthwiseConv2D : ConvolutionEnd {
  ImageSize kernel_size;
  ImageSize strides = {1};
  ops::Padding padding = ops::Padding::kValid;
  int64_t depth_multiplier = 1;
  ImageSize dilation_rate = {1};
  InitializerRef depthwise_initializer = initializer("GlorotUniform");
  RegularizerRef depthwise_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// A depthwise convolution, then a 1 x 1 convolution of its result to `filters`.
struct SeparableConv2D : ConvolutionEnd {
  int64_t filters = 0;
  ImageSize kernel_size;
  ImageSize strides = {1};
  ops::Padding padding = ops::Padding::kValid;
  int64_t depth_multiplier = 1;
  ImageSize dilation_rate = {1};
  InitializerRef depthwise_initializer = initializer("GlorotUniform");
  InitializerRef pointwise_initializer = initializer("GlorotUniform");
  RegularizerRef depthwise_regularizer;
  RegularizerRef pointwise_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::SeriesPadding> {
  static constexpr std::array<std::pair<nn::SeriesPadding, const char*>, 3> kNames = {
      {{nn::SeriesPadding::kValid, "valid"},
       {nn::SeriesPadding::kSame, "same"},
       {nn::SeriesPadding::kCausal, "causal"}}};
};

}  // namespace mlrun::config
