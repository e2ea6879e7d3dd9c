// Equality of floats as what they are stored as: NaN equals NaN, 0 is not -0.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

namespace mlrun::data {

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}

}  // namespace mlrun::data
