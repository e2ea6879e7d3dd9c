// Inside lib/scale only: least squares of C(p) = p / (1 + a (p - 1) + b p (p - 1)), which is the
// USL, and Amdahl's law for b = 0.
#pragma once

#include <span>

#include "scale/fit.h"

namespace mlrun::scale {

struct Capacity {
  double contention = 0;  ///< a >= 0
  double coherency = 0;   ///< b >= 0
};

enum class Coherency { kFree, kZero };

double capacity(double workers, const Capacity& parameters);

/// Minimises the squared deviation of C from the speedups, which are finite and positive.
Capacity fit_capacity(std::span<const ScalingPoint> points, Coherency coherency);

}  // namespace mlrun::scale
