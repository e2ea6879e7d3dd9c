// From the nodes to what a row is about: a whole graph, or a link.
#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// (N, V, C) -> (N, C), without the padding. As in Spektral, whose GlobalAvgPool and GlobalMaxPool
/// are the global pooling of series (nn/layers/pooling.h).
struct GlobalSumPool : Layer {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

enum class LinkMethod { kDot, kMultiply, kConcatenate, kL1, kL2, kAverage };

/// (V, C) -> (N, 1) or (N, C): the two nodes of each row's link as one. As in StellarGraph.
struct LinkEmbedding : Layer {
  LinkMethod method = LinkMethod::kDot;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::LinkMethod> {
  static constexpr std::array<std::pair<nn::LinkMethod, const char*>, 6> kNames = {
      {{nn::LinkMethod::kDot, "ip"},
       {nn::LinkMethod::kMultiply, "mul"},
       {nn::LinkMethod::kConcatenate, "concat"},
       {nn::LinkMethod::kL1, "l1"},
       {nn::LinkMethod::kL2, "l2"},
       {nn::LinkMethod::kAverage, "avg"}}};
};

}  // namespace mlrun::config
