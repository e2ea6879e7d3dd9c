#include "ops/product/float16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/product/float16_round.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

void round_half(const float* x, float* y, int64_t n) {
  const Float d;
  const hn::RebindToUnsigned<Float> bits;
  const auto upper = hn::Set(bits, 0xffffe000u);
  const auto half = hn::Set(bits, 0xfffu);
  const auto one = hn::Set(bits, 1u);
  const Vec least_normal = constant(0x1p-14f);
  const Vec first_infinite = constant(65520.0f);
  const Vec infinity = constant(std::numeric_limits<float>::infinity());
  // From 0.5 on a float is a multiple of 2^-24.
  const Vec to_multiples = constant(0.5f);
  map1(x, y, static_cast<size_t>(n), [&](Vec v) {
    const Vec size = hn::Abs(v);
    const auto b = hn::BitCast(bits, size);
    const auto odd = hn::And(hn::ShiftRight<13>(b), one);
    const Vec normal = hn::BitCast(d, hn::And(hn::Add(hn::Add(b, half), odd), upper));
    const Vec small = hn::Sub(hn::Add(size, to_multiples), to_multiples);
    Vec r = hn::IfThenElse(hn::Lt(size, least_normal), small, normal);
    r = hn::IfThenElse(hn::Ge(size, first_infinite), infinity, r);
    return hn::IfThenElse(hn::IsNaN(v), v, hn::CopySign(r, v));
  });
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(round_half);

void round_to_float16(const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(round_half)(x, y, n);
}

}  // namespace mlrun::ops
#endif
