// Layers that read the neighbours of a node. Names as in PyTorch Geometric.
#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

/// y = activation(D^-1/2 (A + I) D^-1/2 x W + b). Kipf, Welling 2017.
struct GcnConv : Layer {
  int64_t units = 0;
  ActivationRef activation;
  bool use_bias = true;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef kernel_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// y = activation(attention(x W) + b), the heads side by side or averaged. Velickovic et al. 2018.
struct GatConv : Layer {
  int64_t units = 0;  ///< of one head
  int64_t heads = 1;
  bool concat = true;
  double negative_slope = 0.2;
  double dropout = 0;
  ActivationRef activation;
  bool use_bias = true;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef attention_initializer = initializer("GlorotUniform");
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef kernel_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;

 private:
  ValueId mean_of_heads(graph::Graph& g, ValueId y) const;
};

enum class SageAggregator { kMean, kMax, kSum };

/// y = activation(aggregate of the neighbours W + x R + b). Hamilton et al. 2017.
struct SageConv : Layer {
  int64_t units = 0;
  SageAggregator aggregator = SageAggregator::kMean;
  bool normalize = false;
  ActivationRef activation;
  bool use_bias = true;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef kernel_regularizer;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// y = MLP((1 + epsilon) x + sum of the neighbours). Xu et al. 2019.
struct GinConv : Layer {
  int64_t units = 0;
  std::optional<std::vector<int64_t>> mlp_hidden;
  ActivationRef mlp_activation = nn::activation("relu");
  bool mlp_batchnorm = true;
  ActivationRef activation;
  double epsilon = 0;
  bool train_epsilon = false;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::SageAggregator> {
  static constexpr std::array<std::pair<nn::SageAggregator, const char*>, 3> kNames = {
      {{nn::SageAggregator::kMean, "mean"},
       {nn::SageAggregator::kMax, "max"},
       {nn::SageAggregator::kSum, "sum"}}};
};

}  // namespace mlrun::config
