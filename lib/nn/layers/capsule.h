#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Capsules with routing by agreement: poses (N, I, D) -> (N, J, E), J = num_capsule, E =
/// dim_capsule. Each capsule i below votes for each above with a matrix of its own (the kernel is
/// (I, D, J E)); `routings` times the coupling of i with j, a softmax over j, follows how well its
/// vote agrees with the squashed sum of all votes. Gradients go through every round. Sabour,
/// Frosst, Hinton 2017, procedure 1. Capsules below: Conv2D, Reshape to [-1, D], Activation:
/// squash.
struct Capsule : Layer {
  int64_t num_capsule = 0;
  int64_t dim_capsule = 0;
  int64_t routings = 3;
  InitializerRef kernel_initializer = initializer("TruncatedNormal");

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// Length of the vectors on the last axis: (N, ..., E) -> (N, ...). Of a capsule it says how likely
/// what it stands for is there.
struct Length : Layer {
  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

}  // namespace mlrun::nn
