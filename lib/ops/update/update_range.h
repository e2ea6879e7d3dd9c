// The unit of work of the CPU's optimiser kernels.
#pragma once

#include <cstddef>

namespace mlrun::ops {

/// A stretch of one parameter with its gradient and slots.
struct UpdateRange {
  float* parameter;
  const float* gradient;
  float* slots[3];
  size_t count;
  float gradient_scale;  ///< of clipping by norm
  float learning_rate;
  float step_size;  ///< learning rate with Adam's bias correction
};

}  // namespace mlrun::ops
