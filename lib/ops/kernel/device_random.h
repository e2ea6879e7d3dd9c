// The random numbers of dropout and noise on a device: the words are those of the CPU's kernels
// (ops/elementwise/elementwise_cpu.cpp), the normal numbers made of them differ by rounding at
// most.
#pragma once

#include <cmath>

#include "ops/kernel/device_code.h"

namespace mlrun::ops {

struct RandomWords {
  uint32_t word[4];
};

/// Philox4x32-10 (base/philox.h) of elements 4 block .. 4 block + 3; `state` is {key, step}.
MLRUN_DEVICE inline RandomWords random_words(const uint32_t* state, uint32_t salt, int64_t block) {
  const auto number = static_cast<uint64_t>(block);
  uint32_t c0 = static_cast<uint32_t>(number);
  uint32_t c1 = static_cast<uint32_t>(number >> 32) ^ salt;
  uint32_t c2 = state[2];
  uint32_t c3 = state[3];
  uint32_t k0 = state[0];
  uint32_t k1 = state[1];
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * c0;
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2;
    c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
    c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
    c1 = static_cast<uint32_t>(p1);
    c3 = static_cast<uint32_t>(p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

/// What a word must reach to keep an element.
MLRUN_DEVICE inline uint32_t dropout_limit(float rate) {
  const double limit = static_cast<double>(rate) * 4294967296.0;
  return static_cast<uint32_t>(limit < 4294967295.0 ? limit : 4294967295.0);
}

MLRUN_DEVICE inline float polynomial(float t, const float (&coefficients)[9]) {
  float p = coefficients[0];
  for (int i = 1; i < 9; ++i) p = p * t + coefficients[i];
  return p;
}

/// Inverse of erf on (-1, 1). Giles, "Approximating the erfinv function", GPU Computing Gems 2011,
/// single precision.
MLRUN_DEVICE inline float inverse_erf(float x) {
  const float centre[9] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                           -4.39150654e-06f, 2.1858087e-04f,  -1.25372503e-03f,
                           -4.17768164e-03f, 2.46640727e-01f, 1.50140941f};
  const float tail[9] = {-2.00214257e-04f, 1.00950558e-04f, 1.34934322e-03f,
                         -3.67342844e-03f, 5.73950773e-03f, -7.6224613e-03f,
                         9.43887047e-03f,  1.00167406f,     2.83297682f};
  const float w = -logf((1.0f - x) * (1.0f + x));
  return x * (w < 5.0f ? polynomial(w - 2.5f, centre) : polynomial(sqrtf(w) - 3.0f, tail));
}

/// The middle of one of 2^23 equal parts of (-1, 1), exact.
MLRUN_DEVICE inline float centred(uint32_t word) {
  return static_cast<float>(word >> 9) * 0x1p-22f + (0x1p-23f - 1.0f);
}

MLRUN_DEVICE inline float normal_number(uint32_t word) {
  return inverse_erf(centred(word)) * 1.41421356f;
}

MLRUN_DEVICE inline float uniform_number(uint32_t word) { return centred(word) * 0.5f + 0.5f; }

}  // namespace mlrun::ops
