// Layers that walk along a sequence, with Keras' fields, defaults and order of the gates.
#pragma once

#include <array>

#include "config/codec.h"
#include "nn/layer.h"
#include "ops/recurrent/recurrent.h"

namespace mlrun::nn {

/// x (N, T, C) -> the last state (N, K), or all of them (N, T, K). Steps that the mask of x leaves
/// out keep the state. Weights: kernel (C, gates K), recurrent_kernel (K, gates K), bias.
struct RecurrentLayer : Layer {
  int64_t units = 0;
  ops::CellActivation activation = ops::CellActivation::kTanh;
  bool use_bias = true;
  InitializerRef kernel_initializer = initializer("GlorotUniform");
  InitializerRef recurrent_initializer = initializer("Orthogonal");
  InitializerRef bias_initializer = initializer("Zeros");
  RegularizerRef kernel_regularizer;
  RegularizerRef recurrent_regularizer;
  RegularizerRef bias_regularizer;
  double dropout = 0;
  bool return_sequences = false;
  bool go_backwards = false;

  ValueId build(Builder& b, ValueId x) const override;

  /// The same in the given direction.
  ValueId run(Builder& b, ValueId x, bool backwards) const;

 protected:
  virtual ops::RecurrentSettings settings() const = 0;

  /// Asks for the bias and puts it where it belongs.
  virtual void add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const;

  ValueId bias_weight(Builder& b, const Shape& shape, const InitializerRef& initializer) const;
};

struct SimpleRnn : RecurrentLayer {
  static const config::FieldList& fields();

 protected:
  ops::RecurrentSettings settings() const override;
};

struct Lstm : RecurrentLayer {
  ops::CellActivation recurrent_activation = ops::CellActivation::kSigmoid;
  bool unit_forget_bias = true;

  static const config::FieldList& fields();

 protected:
  ops::RecurrentSettings settings() const override;
  void add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const override;
};

struct Gru : RecurrentLayer {
  ops::CellActivation recurrent_activation = ops::CellActivation::kSigmoid;
  bool reset_after = true;

  static const config::FieldList& fields();

 protected:
  ops::RecurrentSettings settings() const override;
  void add_bias(Builder& b, ops::RecurrentInputs& wired, int64_t width) const override;
};

}  // namespace mlrun::nn

namespace mlrun::config {

template <>
struct EnumNames<ops::CellActivation> {
  static constexpr std::array<std::pair<ops::CellActivation, const char*>, 5> kNames = {
      {{ops::CellActivation::kTanh, "tanh"},
       {ops::CellActivation::kSigmoid, "sigmoid"},
       {ops::CellActivation::kHardSigmoid, "hard_sigmoid"},
       {ops::CellActivation::kRelu, "relu"},
       {ops::CellActivation::kLinear, "linear"}}};
};

}  // namespace mlrun::config
