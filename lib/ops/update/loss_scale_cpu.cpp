#include <atomic>
#include <cmath>

#include "device/cpu_context.h"
#include "ops/update/loss_scale.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kUnscaleGrain = 1 << 14;  // elements that are worth a thread

// y = x * factor; whether all of x is finite.
bool scale_finite(const float* x, float factor, float* y, int64_t n) {
  bool finite = true;
  for (int64_t i = 0; i < n; ++i) {
    finite &= std::isfinite(x[i]);
    y[i] = x[i] * factor;
  }
  return finite;
}

}  // namespace

void unscale_cpu(const graph::KernelCall& call) {
  constexpr size_t kFirst = UnscaleOp::kFirst;
  float* scale = call.in[0].f32();
  float* counts = call.in[1].f32();
  const float inverse = 1 / *scale;
  std::atomic<bool> good = true;
  for (size_t i = kFirst; i < call.in.size(); ++i) {
    const float* x = call.in[i].f32();
    float* y = call.out[1 + i - kFirst].f32();
    device::parallel_for(device::cpu_team(call.context), call.in[i].elements(), kUnscaleGrain,
                         [&](int64_t begin, int64_t end) {
                           if (!scale_finite(x + begin, inverse, y + begin, end - begin)) {
                             good = false;
                           }
                         });
  }
  count_step(static_cast<const UnscaleOp&>(call.op).settings(), good, scale, counts);
  call.out[0].f32()[0] = good ? 1.0f : 0.0f;
  call.out[0].f32()[1] = counts[1];
}

}  // namespace mlrun::ops
