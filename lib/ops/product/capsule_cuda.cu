#include "ops/product/capsule.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// An element of the result is the work of one thread. `pair` counts (n, i, j), `pose` (n, j).
struct Capsules {
  int64_t below;
  Divider above, width;
  Divider pairs;  // of a sample

  explicit Capsules(const Shape& votes)
      : below(votes[1]), above(votes[2]), width(votes[3]), pairs(votes[1] * votes[2]) {}

  MLRUN_DEVICE int64_t pose_of(int64_t pair) const {
    return pairs.quotient(pair) * above.divisor() + above.remainder(pair);
  }
};

void poses(const graph::KernelCall& call, const Capsules& capsules) {
  const auto c = input(call.in[0]);
  const auto u = input(call.in[1]);
  const auto v = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t element) {
    const int64_t above = capsules.above.divisor();
    const int64_t width = capsules.width.divisor();
    const int64_t pose = capsules.width.quotient(element);
    const int64_t sample = capsules.above.quotient(pose);
    int64_t pair = sample * capsules.pairs.divisor() + pose - sample * above;
    float sum = 0;
    for (int64_t i = 0; i < capsules.below; ++i, pair += above) {
      sum += c(k)[pair] * u(k)[pair * width + element - pose * width];
    }
    v(k)[element] = sum;
  });
}

void coupling(const graph::KernelCall& call, const Capsules& capsules) {
  const auto of_u = input(call.in[0]);
  const auto of_v = input(call.in[1]);
  const auto c = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t pair) {
    const int64_t width = capsules.width.divisor();
    const float* u = of_u(k) + pair * width;
    const float* v = of_v(k) + capsules.pose_of(pair) * width;
    float sum = 0;
    for (int64_t e = 0; e < width; ++e) sum += u[e] * v[e];
    c(k)[pair] = sum;
  });
}

void votes(const graph::KernelCall& call, const Capsules& capsules) {
  const auto c = input(call.in[0]);
  const auto v = input(call.in[1]);
  const auto u = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t element) {
    const int64_t pair = capsules.width.quotient(element);
    const int64_t e = element - pair * capsules.width.divisor();
    u(k)[element] = c(k)[pair] * v(k)[capsules.pose_of(pair) * capsules.width.divisor() + e];
  });
}

}  // namespace

void capsule_product_cuda(const graph::KernelCall& call) {
  switch (static_cast<const CapsuleProductOp&>(call.op).result()) {
    case CapsuleProduct::kPoses:
      return poses(call, Capsules(call.in[1].shape));
    case CapsuleProduct::kCoupling:
      return coupling(call, Capsules(call.in[0].shape));
    case CapsuleProduct::kVotes:
      return votes(call, Capsules(call.out[0].shape));
  }
}

}  // namespace mlrun::ops
