// Neighbouring numbers that a thread of a GPU reads and writes by one instruction.
#pragma once

#include "ops/device_code.h"

namespace mlrun::ops {

template <int kWidth>
struct alignas(kWidth * sizeof(float)) Floats {
  float of[kWidth];

  /// At an address that is aligned to all of them.
  MLRUN_DEVICE static Floats load(const float* x) { return *reinterpret_cast<const Floats*>(x); }
  MLRUN_DEVICE void store(float* x) const { *reinterpret_cast<Floats*>(x) = *this; }
};

/// Numbers of 16 bytes, the most that one instruction takes.
inline constexpr int kMostFloats = 4;

/// Whether all groups of so many numbers are aligned, in every copy.
template <class T>
bool is_aligned(const Stacked<T>& x) {
  constexpr uintptr_t kBytes = kMostFloats * sizeof(float);
  return (reinterpret_cast<uintptr_t>(x.data) | static_cast<uintptr_t>(x.stride)) % kBytes == 0;
}

}  // namespace mlrun::ops
