// Two sums at once, for kernels that read their operands once for both.
#pragma once

#include "ops/kernel/device_code.h"

namespace mlrun::ops {

template <class T>
struct SumPair {
  T first{};
  T second{};

  MLRUN_DEVICE friend SumPair operator+(const SumPair& a, const SumPair& b) {
    return {a.first + b.first, a.second + b.second};
  }
};

}  // namespace mlrun::ops
