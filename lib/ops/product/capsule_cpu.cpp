#include "ops/product/capsule.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/product/capsule_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"

// One sample: `below` times `above` capsules, poses of `width` numbers.
HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

void poses_of(const float* c, const float* u, float* v, int64_t below, int64_t above,
              int64_t width) {
  std::fill_n(v, above * width, 0.0f);
  for (int64_t i = 0; i < below; ++i) {
    for (int64_t j = 0; j < above; ++j, ++c, u += width) {
      axpy(*c, u, v + j * width, static_cast<size_t>(width));
    }
  }
}

void coupling_of(const float* u, const float* v, float* c, int64_t below, int64_t above,
                 int64_t width) {
  for (int64_t i = 0; i < below; ++i) {
    for (int64_t j = 0; j < above; ++j, ++c, u += width) {
      *c = dot(u, v + j * width, static_cast<size_t>(width));
    }
  }
}

void votes_of(const float* c, const float* v, float* u, int64_t below, int64_t above,
              int64_t width) {
  for (int64_t i = 0; i < below; ++i) {
    for (int64_t j = 0; j < above; ++j, ++c, u += width) {
      const Vec factor = constant(*c);
      map1(v + j * width, u, static_cast<size_t>(width),
           [factor](Vec x) { return hn::Mul(x, factor); });
    }
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(poses_of);
HWY_EXPORT(coupling_of);
HWY_EXPORT(votes_of);

constexpr int64_t kParallelWork = 1 << 15;  // multiply-adds that are worth a thread

void one_sample(CapsuleProduct result, const float* a, const float* b, float* y,
                const Shape& votes) {
  switch (result) {
    case CapsuleProduct::kPoses:
      return HWY_DYNAMIC_DISPATCH(poses_of)(a, b, y, votes[1], votes[2], votes[3]);
    case CapsuleProduct::kCoupling:
      return HWY_DYNAMIC_DISPATCH(coupling_of)(a, b, y, votes[1], votes[2], votes[3]);
    case CapsuleProduct::kVotes:
      return HWY_DYNAMIC_DISPATCH(votes_of)(a, b, y, votes[1], votes[2], votes[3]);
  }
}

}  // namespace

void capsule_product_cpu(const graph::KernelCall& call) {
  const CapsuleProduct result = static_cast<const CapsuleProductOp&>(call.op).result();
  const Tensor& a = call.in[0];
  const Tensor& b = call.in[1];
  const Tensor& y = call.out[0];
  const Shape& votes = result == CapsuleProduct::kPoses      ? b.shape
                       : result == CapsuleProduct::kCoupling ? a.shape
                                                             : y.shape;
  const int64_t samples = votes[0];
  const int64_t work = std::max<int64_t>(votes[1] * votes[2] * votes[3], 1);
  const int64_t grain = std::max<int64_t>(kParallelWork / work, 1);
  device::parallel_for(device::cpu_team(call.context), samples, grain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t n = begin; n < end; ++n) {
                           one_sample(result, a.f32() + n * (a.elements() / samples),
                                      b.f32() + n * (b.elements() / samples),
                                      y.f32() + n * (y.elements() / samples), votes);
                         }
                       });
}

}  // namespace mlrun::ops
#endif
