// IEEE 754 binary16: 11 bits of mantissa, numbers up to 65504, subnormal below 2^-14.
#pragma once

#include <cstdint>

namespace mlrun::ops {

/// The nearest float16 as a float, ties to even. From 65520 on it is infinite; NaN stays NaN;
/// subnormal numbers are multiples of 2^-24, as the instructions of F16C have it.
void round_to_float16(const float* x, float* y, int64_t n);

}  // namespace mlrun::ops
