// Numbers of 16 bits as kernels of a GPU make them of floats: rounded to the nearest, ties to even.
#pragma once

#include <cstdint>
#include <cstring>

#include "ops/device_code.h"

namespace mlrun::ops {

MLRUN_DEVICE inline uint32_t bits_of(float x) {
  uint32_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// As round_to_bfloat16() has it (ops/bfloat16.h).
MLRUN_DEVICE inline uint16_t bfloat16_bits(float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t sign = bits & 0x80000000u;
  if (x != x) return static_cast<uint16_t>((bits | 0x00400000u) >> 16);
  if (bits - sign < 0x00800000u) return static_cast<uint16_t>(sign >> 16);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

/// As round_to_float16() has it (ops/float16.h).
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

}  // namespace mlrun::ops
