#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Vaswani et al. 2017. One input x (N, T, C) attends to itself, -> (N, T, C); of two, x (N, T, C)
/// attends to z (N, S, D). Steps that are masked are not attended to. The kernels of queries, keys
/// and values lie side by side, as in PyTorch: queries of all heads, then keys, then values.
struct MultiHeadAttention : Layer {
  int64_t num_heads = 1;
  int64_t key_dim = 1;
  std::optional<int64_t> value_dim;
  double dropout = 0;
  bool use_bias = true;
  bool causal = false;
  bool rotary = false;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef bias_initializer = initializer("Zeros");

  static const config::FieldList& fields();
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override;

 private:
  ValueId project(Builder& b, const std::string& part, ValueId x, int64_t units) const;
};

}  // namespace mlrun::nn
