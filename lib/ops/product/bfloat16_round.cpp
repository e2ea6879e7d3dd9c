#include "ops/product/bfloat16.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/product/bfloat16_round.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

void round_all(const float* x, float* y, int64_t n) {
  const Float d;
  const hn::RebindToUnsigned<Float> bits;
  const auto upper = hn::Set(bits, 0xffff0000u);
  const auto sign = hn::Set(bits, 0x80000000u);
  const auto half = hn::Set(bits, 0x7fffu);
  const auto one = hn::Set(bits, 1u);
  const auto quiet = hn::Set(bits, 0x00400000u);
  const Vec least = constant(std::numeric_limits<float>::min());
  map1(x, y, static_cast<size_t>(n), [&](Vec v) {
    const auto b = hn::BitCast(bits, v);
    const auto odd = hn::And(hn::ShiftRight<16>(b), one);
    const auto rounded = hn::And(hn::Add(hn::Add(b, half), odd), upper);
    const auto nan = hn::Or(hn::And(b, upper), quiet);
    const auto zero = hn::And(b, sign);
    const Vec number =
        hn::IfThenElse(hn::Lt(hn::Abs(v), least), hn::BitCast(d, zero), hn::BitCast(d, rounded));
    return hn::IfThenElse(hn::IsNaN(v), hn::BitCast(d, nan), number);
  });
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {

HWY_EXPORT(round_all);

void round_to_bfloat16(const float* x, float* y, int64_t n) {
  HWY_DYNAMIC_DISPATCH(round_all)(x, y, n);
}

}  // namespace mlrun::ops
#endif
