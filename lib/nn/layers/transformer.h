#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

enum class Positions { kLearned, kSinusoidal, kRotary, kNone };
enum class TokenPooling { kNone, kMean, kFirst, kLast };

/// A whole transformer: embedding (or projection), positions, blocks, pooling, outputs. Input: with
/// a vocabulary, indices (N, T); without, vectors (N, T, C).
struct Transformer : Layer {
  int64_t layers = 2;
  int64_t heads = 4;
  int64_t width = 128;
  std::optional<int64_t> ff;
  double dropout = 0.1;
  bool causal = false;
  int64_t vocabulary = 0;
  bool mask_zero = false;
  Positions positions = Positions::kLearned;
  TokenPooling pooling = TokenPooling::kNone;
  std::optional<int64_t> outputs;
  ActivationRef activation = nn::activation("gelu");
  bool normalize_first = true;
  int64_t experts = 0;
  int64_t experts_per_token = 1;

  static const config::FieldList& fields();
  std::optional<int64_t> index_limit() const override {
    return vocabulary > 0 ? std::optional(vocabulary) : std::nullopt;
  }
  ValueId build(Builder& b, ValueId x) const override;

 private:
  ValueId tokens(Builder& b, ValueId x) const;
  ValueId pooled(Builder& b, ValueId x) const;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<nn::Positions> {
  static constexpr std::array<std::pair<nn::Positions, const char*>, 4> kNames = {
      {{nn::Positions::kLearned, "learned"},
       {nn::Positions::kSinusoidal, "sinusoidal"},
       {nn::Positions::kRotary, "rotary"},
       {nn::Positions::kNone, "none"}}};
};
template <>
struct EnumNames<nn::TokenPooling> {
  static constexpr std::array<std::pair<nn::TokenPooling, const char*>, 4> kNames = {
      {{nn::TokenPooling::kNone, "none"},
       {nn::TokenPooling::kMean, "mean"},
       {nn::TokenPooling::kFirst, "first"},
       {nn::TokenPooling::kLast, "last"}}};
};

}  // namespace mlrun::config
