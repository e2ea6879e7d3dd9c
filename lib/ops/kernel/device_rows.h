// A tensor as rows along its last axis, for kernels.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensor/tensor.h"

namespace mlrun::ops {

struct Rows {
  int64_t width;
  int64_t count;

  explicit Rows(const Tensor& x)
      : width(x.shape.back()), count(x.elements() / std::max<int64_t>(width, 1)) {}
};

}  // namespace mlrun::ops
