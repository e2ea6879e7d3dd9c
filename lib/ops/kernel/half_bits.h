// Numbers of 16 bits as kernels of a GPU make them of floats, rounded to the nearest, ties to even,
// and floats of them.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/kernel/device_floats.h"

namespace mlrun::ops {

MLRUN_DEVICE inline uint32_t bits_of(float x) {
  uint32_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// As round_to_bfloat16() has it (ops/product/bfloat16.h).
MLRUN_DEVICE inline uint16_t bfloat16_bits(float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t sign = bits & 0x80000000u;
  if (x != x) return static_cast<uint16_t>((bits | 0x00400000u) >> 16);
  if (bits - sign < 0x00800000u) return static_cast<uint16_t>(sign >> 16);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// As round_to_float16() has it (ops/product/float16.h).
MLRUN_DEVICE inline uint16_t float16_bits(float x) {
  const uint32_t sign = bits_of(x) >> 16 & 0x8000u;
  const float size = x < 0 ? -x : x;
  const uint32_t bits = bits_of(size);
  uint32_t half = 0;
  if (x != x) {
    half = 0x7e00u;
  } else if (size >= 65520.0f) {
    half = 0x7c00u;
  } else if (size < 0x1p-14f) {
    half = bits_of(size + 0.5f) - bits_of(0.5f);  // from 0.5 on a float is a multiple of 2^-24
  } else {
    constexpr uint32_t kBias = (127 - 15) << 10;
    half = ((bits + 0xfffu + (bits >> 13 & 1u)) >> 13) - kBias;
  }
  return static_cast<uint16_t>(sign | half);
}

MLRUN_DEVICE inline float float_of(uint32_t bits) {
  float x = 0;
  memcpy(&x, &bits, sizeof x);
  return x;
}

MLRUN_DEVICE inline float float_of_bfloat16(uint16_t bits) {
  return float_of(static_cast<uint32_t>(bits) << 16);
}

/// The exponent of a float begins 112 lower; so small numbers come out right too.
MLRUN_DEVICE inline float float_of_float16(uint16_t bits) {
  const uint32_t sign = (bits & 0x8000u) << 16;
  const uint32_t rest = (bits & 0x7fffu) << 13;
  const bool is_finite = (bits & 0x7c00u) != 0x7c00u;
  const uint32_t size = is_finite ? bits_of(float_of(rest) * 0x1p112f) : rest | 0x7f800000u;
  return float_of(sign | size);
}

MLRUN_DEVICE inline uint16_t half_bits(float x, bool is_bfloat16) {
  return is_bfloat16 ? bfloat16_bits(x) : float16_bits(x);
}

MLRUN_DEVICE inline float float_of_half(uint16_t bits, bool is_bfloat16) {
  return is_bfloat16 ? float_of_bfloat16(bits) : float_of_float16(bits);
}

/// Neighbours, which a thread reads and writes by one instruction: up to eight.
template <int kWidth>
struct alignas(kWidth * sizeof(uint16_t)) Halves {
  uint16_t of[kWidth];
};

/// The numbers of a tensor of floats, or of 16 bits, in every copy of a stack.
class Numbers {
 public:
  Numbers() = default;
  explicit Numbers(const Tensor& x) : bytes_(stacked<std::byte>(x)), dtype_(x.dtype) {}

  MLRUN_DEVICE float operator()(int64_t k, int64_t i) const {
    if (dtype_ == DType::kFloat32) return reinterpret_cast<const float*>(bytes_(k))[i];
    return float_of_half(halves(k)[i], is_bfloat16());
  }

  MLRUN_DEVICE void set(int64_t k, int64_t i, float x) const {
    if (dtype_ == DType::kFloat32) {
      reinterpret_cast<float*>(bytes_(k))[i] = x;
    } else {
      halves(k)[i] = half_bits(x, is_bfloat16());
    }
  }

  /// Of 16 bits: kWidth neighbours from i on, as they lie in memory, by one instruction.
  template <int kWidth>
  MLRUN_DEVICE Halves<kWidth> load_packed(int64_t k, int64_t i) const {
    return *reinterpret_cast<const Halves<kWidth>*>(halves(k) + i);
  }

  template <int kWidth>
  MLRUN_DEVICE void store_packed(const Halves<kWidth>& some, int64_t k, int64_t i) const {
    *reinterpret_cast<Halves<kWidth>*>(halves(k) + i) = some;
  }

  template <int kWidth>
  MLRUN_DEVICE Floats<kWidth> unpacked(const Halves<kWidth>& some) const {
    Floats<kWidth> values;
    if (is_bfloat16()) {
      for (int j = 0; j < kWidth; ++j) values.of[j] = float_of_bfloat16(some.of[j]);
    } else {
      for (int j = 0; j < kWidth; ++j) values.of[j] = float_of_float16(some.of[j]);
    }
    return values;
  }

  template <int kWidth>
  MLRUN_DEVICE Halves<kWidth> packed(const Floats<kWidth>& values) const {
    Halves<kWidth> some;
    if (is_bfloat16()) {
      for (int j = 0; j < kWidth; ++j) some.of[j] = bfloat16_bits(values.of[j]);
    } else {
      for (int j = 0; j < kWidth; ++j) some.of[j] = float16_bits(values.of[j]);
    }
    return some;
  }

  /// Those of `chosen` where `some` are above zero, and zero elsewhere, also where they are NaN.
  template <int kWidth>
  MLRUN_DEVICE Halves<kWidth> where_positive(const Halves<kWidth>& some,
                                             const Halves<kWidth>& chosen) const {
    const uint32_t infinite = is_bfloat16() ? 0x7f80u : 0x7c00u;
    Halves<kWidth> result;
    for (int j = 0; j < kWidth; ++j) {
      const bool is_positive = some.of[j] - 1u < infinite;  // zero becomes the largest number
      result.of[j] = is_positive ? chosen.of[j] : uint16_t{0};
    }
    return result;
  }

  MLRUN_DEVICE DType dtype() const { return dtype_; }
  MLRUN_DEVICE bool is_half() const { return dtype_ != DType::kFloat32; }
  MLRUN_DEVICE bool is_bfloat16() const { return dtype_ == DType::kBfloat16; }
  MLRUN_DEVICE uint16_t* halves(int64_t k) const { return reinterpret_cast<uint16_t*>(bytes_(k)); }
  MLRUN_DEVICE float* floats(int64_t k) const { return reinterpret_cast<float*>(bytes_(k)); }

 private:
  Stacked<std::byte> bytes_;
  DType dtype_ = DType::kFloat32;
};

}  // namespace mlrun::ops
