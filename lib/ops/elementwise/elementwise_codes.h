// What the codes of elementwise programs compute, one element at a time;
// ops/elementwise/elementwise_cpu.cpp says the same in vectors. NaN goes through all of them but
// comparisons.
#pragma once

#include <cmath>

#include "ops/elementwise/elementwise.h"
#include "ops/kernel/device_code.h"

/// Codes that make the gradient of a function's argument of that of its value.
#define MLRUN_EW_GRADIENTS(visit)                                                             \
  visit(kReluGrad) visit(kSigmoidGrad) visit(kTanhGrad) visit(kSoftsignGrad) visit(kGeluGrad) \
      visit(kLeakyReluGrad) visit(kEluGrad) visit(kHardSigmoidGrad)

/// All codes but the random ones: for who is compiled once for each.
#define MLRUN_EW_CODES(visit)                                                                     \
  visit(kAdd) visit(kSub) visit(kMul) visit(kDiv) visit(kMaximum) visit(kMinimum)                 \
      visit(kGreaterEqual) visit(kNegate) visit(kExp) visit(kLog) visit(kSqrt) visit(kSquare)     \
          visit(kAbs) visit(kSign) visit(kReciprocal) visit(kErf) visit(kRelu) visit(kSigmoid)    \
              visit(kTanh) visit(kSoftplus) visit(kSoftsign) visit(kGelu) visit(kScale)           \
                  visit(kOffset) visit(kMaximumC) visit(kMinimumC) visit(kGreaterC)               \
                      visit(kLeakyRelu) visit(kElu) visit(kHardSigmoid) MLRUN_EW_GRADIENTS(visit) \
                          visit(kAddRelu) visit(kBroadcast)

namespace mlrun::ops {

MLRUN_DEVICE inline float sigmoid_of(float x) {
  const float e = expf(-fabsf(x));
  const float s = 1.0f / (1.0f + e);
  return x < 0 ? e * s : s;
}

/// max(x, 0) + log1p(e^-|x|)
MLRUN_DEVICE inline float softplus_of(float x) {
  return (x < 0 ? 0.0f : x) + log1pf(expf(-fabsf(x)));
}

/// Phi(x) of the standard normal distribution.
MLRUN_DEVICE inline float normal_cdf_of(float x) { return erff(x * 0.70710678f) * 0.5f + 0.5f; }

MLRUN_DEVICE inline float hard_sigmoid_of(float x) {
  const float h = x * (1.0f / 6) + 0.5f;
  return h < 0 ? 0.0f : h > 1 ? 1.0f : h;
}

MLRUN_DEVICE inline float gelu_slope(float x) {
  return x * expf(x * x * -0.5f) * 0.39894228f + normal_cdf_of(x);
}

inline bool is_gradient(Ew code) {
  switch (code) {
#define MLRUN_EW_CASE(name) case Ew::name:
    MLRUN_EW_GRADIENTS(MLRUN_EW_CASE)
#undef MLRUN_EW_CASE
    return true;
    default:
      return false;
  }
}

/// a, b and c as EwInstruction has them. Not of the random codes.
MLRUN_DEVICE inline float value_of(Ew code, float a, float b, float c) {
  switch (code) {
    case Ew::kAdd:
      return a + b;
    case Ew::kSub:
      return a - b;
    case Ew::kMul:
      return a * b;
    case Ew::kDiv:
      return a / b;
    case Ew::kMaximum:
      return a > b || a != a ? a : b;
    case Ew::kMinimum:
      return a < b || a != a ? a : b;
    case Ew::kGreaterEqual:
      return a >= b ? 1.0f : 0.0f;
    case Ew::kNegate:
      return -a;
    case Ew::kExp:
      return expf(a);
    case Ew::kLog:
      return logf(a);
    case Ew::kSqrt:
      return sqrtf(a);
    case Ew::kSquare:
      return a * a;
    case Ew::kAbs:
      return fabsf(a);
    case Ew::kSign:
      return a > 0 ? 1.0f : a < 0 ? -1.0f : 0.0f;
    case Ew::kReciprocal:
      return 1.0f / a;
    case Ew::kErf:
      return erff(a);
    case Ew::kRelu:
      return a < 0 ? 0.0f : a;
    case Ew::kSigmoid:
      return sigmoid_of(a);
    case Ew::kTanh:
      return tanhf(a);
    case Ew::kSoftplus:
      return softplus_of(a);
    case Ew::kSoftsign:
      return a / (1.0f + fabsf(a));
    case Ew::kGelu:
      return a * normal_cdf_of(a);
    case Ew::kScale:
      return a * c;
    case Ew::kOffset:
      return a + c;
    case Ew::kMaximumC:
      return a < c ? c : a;
    case Ew::kMinimumC:
      return a > c ? c : a;
    case Ew::kGreaterC:
      return a > c ? 1.0f : 0.0f;
    case Ew::kLeakyRelu:
      return a < 0 ? a * c : a;
    case Ew::kElu:
      return a < 0 ? c * expm1f(a) : a;
    case Ew::kHardSigmoid:
      return hard_sigmoid_of(a);
    case Ew::kReluGrad:
      return a > 0 ? b : 0.0f;
    case Ew::kSigmoidGrad:
      return b * (a * (1.0f - a));
    case Ew::kTanhGrad:
      return b * fmaf(-a, a, 1.0f);
    case Ew::kSoftsignGrad:
      return b / ((1.0f + fabsf(a)) * (1.0f + fabsf(a)));
    case Ew::kGeluGrad:
      return b * gelu_slope(a);
    case Ew::kLeakyReluGrad:
      return a < 0 ? b * c : b;
    case Ew::kEluGrad:
      return a < 0 ? b * (a + c) : b;
    case Ew::kHardSigmoidGrad:
      return a > 0 && a < 1 ? b * (1.0f / 6) : 0.0f;
    case Ew::kAddRelu:
      return a + b < 0 ? 0.0f : a + b;
    case Ew::kBroadcast:
      return b;
    case Ew::kDropout:
    case Ew::kNormal:
    case Ew::kUniform:
      break;
  }
  return NAN;
}

}  // namespace mlrun::ops
