// Layer normalisation: every row is read while it is in the level-1 cache.
#include "ops/normalize/normalize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/normalize/layer_norm_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// y = (x - mean) s gamma + beta, s the inverse deviation; returns mean and s. The mean is taken of
// the distances from the first element, so that it has all digits however large x is.
void layer_norm_row(const float* x, float* y, const float* gamma, const float* beta, size_t n,
                    float epsilon, float* mean, float* inverse) {
  const auto count = static_cast<float>(n);
  const Vec first = constant(x[0]);
  const float offset = sum1(x, n, [first](Vec v) { return hn::Sub(v, first); });
  const Vec centre = constant(offset / count);
  map1(x, y, n, [first, centre](Vec v) { return hn::Sub(hn::Sub(v, first), centre); });
  const float variance = dot(y, y, n) / count;
  *mean = x[0] + offset / count;
  *inverse = 1.0f / std::sqrt(variance + epsilon);
  const Vec s = constant(*inverse);
  map2(y, gamma, y, n, [s](Vec v, Vec g) { return hn::Mul(hn::Mul(v, s), g); });
  map2(y, beta, y, n, [](Vec v, Vec b) { return hn::Add(v, b); });
}

// With xhat = (x - mean) s and g = dy gamma: dx = s (g - mean(g) - xhat mean(g xhat)); adds
// dy xhat to dgamma and dy to dbeta. xhat and g are room for n elements.
void layer_norm_grad_row(const float* x, const float* gamma, const float* dy, float* dx, size_t n,
                         float mean, float inverse, float* dgamma, float* dbeta, float* xhat,
                         float* g) {
  const Vec m = constant(mean);
  const Vec s = constant(inverse);
  map1(x, xhat, n, [m, s](Vec v) { return hn::Mul(hn::Sub(v, m), s); });
  map2(dy, gamma, g, n, [](Vec d, Vec c) { return hn::Mul(d, c); });
  const auto count = static_cast<float>(n);
  const Vec mean_g = constant(sum1(g, n, [](Vec v) { return v; }) / count);
  const Vec mean_gx = constant(dot(g, xhat, n) / count);
  map2(g, xhat, g, n, [=](Vec vg, Vec vx) {
    return hn::Mul(s, hn::Sub(hn::Sub(vg, mean_g), hn::Mul(vx, mean_gx)));
  });
  map2(dy, dbeta, dbeta, n, [](Vec d, Vec b) { return hn::Add(d, b); });
  map2(xhat, dy, xhat, n, [](Vec vx, Vec d) { return hn::Mul(vx, d); });
  map2(xhat, dgamma, dgamma, n, [](Vec v, Vec b) { return hn::Add(v, b); });
  std::copy_n(g, n, dx);
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(layer_norm_row);
HWY_EXPORT(layer_norm_grad_row);

constexpr int64_t kGrain = 64;  // rows
// Rows are dealt to at most this many parts, each with sums of its own: by the shape alone, so that
// results do not depend on the threads.
constexpr int64_t kParts = 16;

int64_t rows_of(const Tensor& x) { return x.elements() / std::max<int64_t>(x.shape.back(), 1); }

// Sums of dgamma and dbeta, and two rows to compute in.
int64_t part_floats(int64_t channels) { return 4 * ((channels + 15) / 16 * 16); }

}  // namespace

int64_t LayerNormGradOp::workspace_bytes(std::span<const TensorType> inputs, int64_t) const {
  return kParts * part_floats(inputs[0].shape.back()) * static_cast<int64_t>(sizeof(float));
}

void layer_norm_cpu(const graph::KernelCall& call) {
  const float epsilon = static_cast<const LayerNormOp&>(call.op).epsilon();
  const int64_t channels = call.in[0].shape.back();
  device::parallel_for(device::cpu_team(call.context), rows_of(call.in[0]), kGrain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           HWY_DYNAMIC_DISPATCH(layer_norm_row)
                           (call.in[0].f32() + i * channels, call.out[0].f32() + i * channels,
                            call.in[1].f32(), call.in[2].f32(), static_cast<size_t>(channels),
                            epsilon, call.out[1].f32() + i, call.out[2].f32() + i);
                         }
                       });
}

void layer_norm_grad_cpu(const graph::KernelCall& call) {
  const int64_t rows = rows_of(call.in[0]);
  const int64_t channels = call.in[0].shape.back();
  const auto n = static_cast<size_t>(channels);
  const int64_t parts = std::clamp<int64_t>(rows / 16, 1, kParts);
  const int64_t stride = part_floats(channels) / 4;
  auto* scratch = reinterpret_cast<float*>(call.workspace);
  const auto work = [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      float* own = scratch + part * part_floats(channels);
      std::fill_n(own, 2 * stride, 0.0f);
      for (int64_t i = rows * part / parts; i < rows * (part + 1) / parts; ++i) {
        HWY_DYNAMIC_DISPATCH(layer_norm_grad_row)
        (call.in[0].f32() + i * channels, call.in[1].f32(), call.in[4].f32() + i * channels,
         call.out[0].f32() + i * channels, n, call.in[2].f32()[i], call.in[3].f32()[i], own,
         own + stride, own + 2 * stride, own + 3 * stride);
      }
    }
  };
  device::parallel_for(device::cpu_team(call.context), parts, 1, work);
  for (int64_t c = 0; c < channels; ++c) {
    double dgamma = 0;
    double dbeta = 0;
    for (int64_t part = 0; part < parts; ++part) {
      dgamma += scratch[part * part_floats(channels) + c];
      dbeta += scratch[part * part_floats(channels) + stride + c];
    }
    call.out[1].f32()[c] = static_cast<float>(dgamma);
    call.out[2].f32()[c] = static_cast<float>(dbeta);
  }
}

}  // namespace mlrun::ops
#endif
