// Neighbouring numbers that a thread of a GPU reads and writes by one instruction.
#pragma once

#include "ops/kernel/device_code.h"

namespace mlrun::ops {

template <int kWidth>
struct alignas(kWidth * sizeof(float)) Floats {
  float of[kWidth];

  /// At an address that is aligned to all of them.
  MLRUN_DEVICE static Floats load(const float* x) { return *reinterpret_cast<const Floats*>(x); }
  MLRUN_DEVICE void store(float* x) const { *reinterpret_cast<Floats*>(x) = *this; }
};

template <int kWidth>
MLRUN_DEVICE Floats<kWidth> operator+(const Floats<kWidth>& a, const Floats<kWidth>& b) {
  Floats<kWidth> y;
  for (int i = 0; i < kWidth; ++i) y.of[i] = a.of[i] + b.of[i];
  return y;
}

/// Numbers of 16 bytes, the most that one instruction takes.
inline constexpr int kMostFloats = 4;

/// The first `count` of them one by one, unless all can be taken. Loops have constant ends: a
/// number that is chosen at run time would lie in slow memory, with all its neighbours.
MLRUN_DEVICE inline Floats<kMostFloats> load_some(const float* x, bool all, int count) {
  if (all) return Floats<kMostFloats>::load(x);
  Floats<kMostFloats> values{};
  for (int i = 0; i < kMostFloats; ++i) {
    if (i < count) values.of[i] = x[i];
  }
  return values;
}

MLRUN_DEVICE inline void store_some(const Floats<kMostFloats>& values, float* x, bool all,
                                    int count) {
  if (all) return values.store(x);
  for (int i = 0; i < kMostFloats; ++i) {
    if (i < count) x[i] = values.of[i];
  }
}

/// How many of `count` numbers group number `group` of so many has.
MLRUN_DEVICE inline int size_of_group(int64_t count, int64_t group) {
  const int64_t left = count - group * kMostFloats;
  return left < kMostFloats ? static_cast<int>(left) : kMostFloats;
}

inline int64_t groups_of(int64_t count) { return (count + kMostFloats - 1) / kMostFloats; }

/// Whether all groups of so many numbers are aligned, in every copy.
template <class T>
bool is_aligned(const Stacked<T>& x) {
  constexpr uintptr_t kBytes = kMostFloats * sizeof(float);
  return (reinterpret_cast<uintptr_t>(x.data) | static_cast<uintptr_t>(x.stride)) % kBytes == 0;
}

}  // namespace mlrun::ops
