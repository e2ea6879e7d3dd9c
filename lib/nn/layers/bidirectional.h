#pragma once

#include <array>

#include "nn/layers/recurrent.h"

namespace mlrun::nn {

enum class MergeMode { kConcat, kSum, kMul, kAve };

/// A recurrent layer in both directions: x (N, T, C) -> (N, 2 K), or (N, T, 2 K) of one that
/// returns sequences; (N, K) and (N, T, K) where the directions are not concatenated.
struct Bidirectional : Layer {
  config::Ref<config::LayerKind> layer;
  MergeMode merge_mode = MergeMode::kConcat;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;

 private:
  ValueId merge(graph::Graph& g, ValueId one, ValueId two) const;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::MergeMode> {
  static constexpr std::array<std::pair<nn::MergeMode, const char*>, 4> kNames = {
      {{nn::MergeMode::kConcat, "concat"},
       {nn::MergeMode::kSum, "sum"},
       {nn::MergeMode::kMul, "mul"},
       {nn::MergeMode::kAve, "ave"}}};
};

}  // namespace mlrun::config
