#pragma once

#include "nn/activations.h"
#include "nn/layer.h"

namespace mlrun::nn {

/// Each has four weights of its own, see kMostWeights.
inline constexpr double kMostExperts = 4096;

/// Feed-forward networks of which each token uses the few that a router prefers:
///   y = sum over the chosen e of gate_e (act(x W1_e + b1_e) W2_e + b2_e), x (..., C),
/// gate the router's softmax, made to sum to 1 over the chosen if several are. No token is
/// dropped. The penalty experts * sum_e share_e * mean gate_e (Fedus, Zoph, Shazeer 2021, eq. 4),
/// 1 when all are used alike, is added to the loss. The state `expert_share` is the moving average
/// of the fractions of tokens that went to each. Of (N, T, C) padding is in neither.
struct MixtureOfExperts : Layer {
  int64_t experts = 1;
  int64_t experts_per_token = 1;
  int64_t intermediate_dim = 1;
  ActivationRef activation = nn::activation("relu");
  double balance_loss = 0.01;
  InitializerRef kernel_initializer = initializer("GlorotUniform");

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
