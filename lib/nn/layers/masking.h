#pragma once

#include "nn/layer.h"

namespace mlrun::nn {

/// Steps of x (N, T, C) that are mask_value in all features are left out by the recurrent layers,
/// the attention and the global pooling behind, and become 0.
struct Masking : Layer {
  double mask_value = 0;

  static const config::FieldList& fields();
  ValueId build(Builder& b, ValueId x) const override;
};

/// The sum of x (N, T, C) over the steps that count, -> (N, C).
ValueId sum_of_steps(Builder& b, ValueId x);

/// Their mean; 0 where none counts.
ValueId mean_of_steps(Builder& b, ValueId x);

/// The largest of each channel over the steps that count; 0 where none does.
ValueId largest_of_steps(Builder& b, ValueId x);

}  // namespace mlrun::nn
