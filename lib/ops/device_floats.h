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

template <int kWidth>
MLRUN_DEVICE Floats<kWidth> operator+(const Floats<kWidth>& a, const Floats<kWidth>& b) {
  Floats<kWidth> y;
  for (int i = 0; i < kWidth; ++i) y.of[i] = a.of[i] + b.of[i];
  return y;
}

/// Numbers of 16 bytes, the most that one instruction takes.
inline constexpr int kMostFloats = 4;

/// The first `count` of them one by one, unless all can be taken, kMostFloats at once. Loops have
/// constant ends: a number that is chosen at run time would lie in slow memory, with all its
/// neighbours.
template <int kWidth = kMostFloats>
MLRUN_DEVICE Floats<kWidth> load_some(const float* x, bool all, int count) {
  Floats<kWidth> values{};
  if (all) {
    for (int i = 0; i < kWidth; i += kMostFloats) {
      const auto some = Floats<kMostFloats>::load(x + i);
      for (int j = 0; j < kMostFloats; ++j) values.of[i + j] = some.of[j];
    }
    return values;
  }
  for (int i = 0; i < kWidth; ++i) {
    if (i < count) values.of[i] = x[i];
  }
  return values;
}

template <int kWidth>
MLRUN_DEVICE void store_some(const Floats<kWidth>& values, float* x, bool all, int count) {
  if (all) {
    for (int i = 0; i < kWidth; i += kMostFloats) {
      Floats<kMostFloats> some;
      for (int j = 0; j < kMostFloats; ++j) some.of[j] = values.of[i + j];
      some.store(x + i);
    }
    return;
  }
  for (int i = 0; i < kWidth; ++i) {
    if (i < count) x[i] = values.of[i];
  }
}

/// How many of `count` numbers group number `group` of so many has.
template <int kWidth = kMostFloats>
MLRUN_DEVICE int size_of_group(int64_t count, int64_t group) {
  const int64_t left = count - group * kWidth;
  return left < kWidth ? static_cast<int>(left) : kWidth;
}

inline int64_t groups_of(int64_t count) { return (count + kMostFloats - 1) / kMostFloats; }

/// Whether all groups of so many numbers are aligned, in every copy.
template <class T>
bool is_aligned(const Stacked<T>& x) {
  constexpr uintptr_t kBytes = kMostFloats * sizeof(float);
  return (reinterpret_cast<uintptr_t>(x.data) | static_cast<uintptr_t>(x.stride)) % kBytes == 0;
}

}  // namespace mlrun::ops
