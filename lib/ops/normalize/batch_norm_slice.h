// Neighbouring channels of all rows, for the kernels of batch_norm_cpu.cpp.
#pragma once

#include <cstdint>

namespace mlrun::ops {

struct BatchNormSlice {
  const float* x = nullptr;  ///< of the first channel
  int64_t rows = 0;
  int64_t channels = 0;  ///< of the whole tensor: from row to row
  int64_t count = 0;     ///< of the slice
};

}  // namespace mlrun::ops
