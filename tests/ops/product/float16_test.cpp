#include "ops/product/float16.h"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "base/philox.h"
#include "ops/harness.h"
#include "ops/kernel/half_bits.h"
#include "ops/product/bfloat16.h"

using namespace mlrun;
using namespace mlrun::ops;
using ops::testing::kInfinity;

namespace {

float to_float16(float x) {
  float y = 0;
  round_to_float16(&x, &y, 1);
  return y;
}

// By the definition of the format: 5 bits of exponent, 10 of mantissa.
double number_of(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int mantissa = bits & 0x3ff;
  const double size =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

bool is_finite(uint16_t bits) { return (bits >> 10 & 31) != 31; }

// Floats of all sizes, and those next to what is special.
std::vector<float> samples() {
  const PhiloxStream stream(7, Purpose::kGenerate);
  std::vector<float> x;
  for (uint64_t i = 0; i < 20000; ++i) {
    x.push_back(std::ldexp(stream.normal(0, i), static_cast<int>(i % 60) - 40));
  }
  for (const float edge : {0x1p-14f, 0x1p-24f, 0x1p-25f, 0x1p-126f, 65504.0f, 65520.0f, 1e30f}) {
    for (const float to : {0.0f, kInfinity}) x.push_back(std::nextafter(edge, to));
    x.insert(x.end(), {edge, -edge});
  }
  return x;
}

}  // namespace

TEST_CASE("float16: to the nearest, ties to even; subnormal numbers, infinity and NaN stay") {
  CHECK(to_float16(1.0f + 0x1p-11f) == 1.0f);                // a tie, down to even
  CHECK(to_float16(1.0f + 3 * 0x1p-11f) == 1.0f + 0x1p-9f);  // a tie, up to even
  CHECK(to_float16(-1.0f - 0x1.02p-11f) == -1.0f - 0x1p-10f);
  CHECK(to_float16(65519.0f) == 65504.0f);
  CHECK(to_float16(65520.0f) == kInfinity);
  CHECK(to_float16(-1e30f) == -kInfinity);
  CHECK(to_float16(-kInfinity) == -kInfinity);
  CHECK(std::isnan(to_float16(std::numeric_limits<float>::quiet_NaN())));
  CHECK(to_float16(0x1p-24f) == 0x1p-24f);
  CHECK(to_float16(0x1.8p-24f) == 0x1p-23f);  // a tie between two subnormal numbers
  CHECK(to_float16(0x1p-25f) == 0.0f);        // a tie, down to even
  CHECK(to_float16(0x1.02p-25f) == 0x1p-24f);
  CHECK(std::signbit(to_float16(-0x1p-30f)));
}

TEST_CASE("float16: every number of the format stays, and is nearest to what lies around it") {
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const auto bits = static_cast<uint16_t>(i);
    if (!is_finite(bits)) continue;
    const auto x = static_cast<float>(number_of(bits));
    CHECK(std::bit_cast<uint32_t>(to_float16(x)) == std::bit_cast<uint32_t>(x));
    CHECK(float16_bits(x) == bits);
    if (!is_finite(bits + 1)) continue;
    const auto middle = static_cast<float>((number_of(bits) + number_of(bits + 1)) / 2);
    const auto even = static_cast<uint16_t>(bits + (bits & 1));
    CHECK(to_float16(middle) == static_cast<float>(number_of(even)));
    CHECK(to_float16(std::nextafter(middle, x)) == x);
  }
}

TEST_CASE("16 bits: kernels of a GPU round as those of the CPU") {
  const std::vector<float> x = samples();
  std::vector<float> half(x.size());
  std::vector<float> brain(x.size());
  round_to_float16(x.data(), half.data(), static_cast<int64_t>(x.size()));
  round_to_bfloat16(x.data(), brain.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    const uint16_t bits = float16_bits(x[i]);
    const double number = is_finite(bits) ? number_of(bits) : std::copysign(kInfinity, x[i]);
    CHECK(number == half[i]);
    CHECK(std::bit_cast<float>(uint32_t{bfloat16_bits(x[i])} << 16) == brain[i]);
  }
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(float16_bits(kInfinity) == 0x7c00);
  CHECK(float16_bits(-kInfinity) == 0xfc00);
  CHECK((float16_bits(nan) & 0x7fff) > 0x7c00);
  CHECK(bfloat16_bits(-kInfinity) == 0xff80);
  CHECK((bfloat16_bits(std::bit_cast<float>(0x7f800001u)) & 0x7fff) > 0x7f80);
}
