// Plain loops, rows outside and channels inside: memory is read in its order, and the compiler
// vectorises them for each instruction set. Sums are in double and in row order, so that results do
// not depend on the number of threads.
#include "ops/normalize/normalize.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/normalize/batch_norm_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "ops/normalize/batch_norm_slice.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// Mean and biased variance of every channel of the slice.
void slice_moments(const BatchNormSlice& s, double* __restrict mean, double* __restrict variance) {
  const double rows = static_cast<double>(s.rows);
  std::fill_n(mean, s.count, 0.0);
  std::fill_n(variance, s.count, 0.0);
  for (int64_t i = 0; i < s.rows; ++i) {
    const float* __restrict x = s.x + i * s.channels;
    for (int64_t c = 0; c < s.count; ++c) mean[c] += x[c];
  }
  for (int64_t c = 0; c < s.count; ++c) mean[c] /= rows;
  for (int64_t i = 0; i < s.rows; ++i) {
    const float* __restrict x = s.x + i * s.channels;
    for (int64_t c = 0; c < s.count; ++c) {
      const double difference = x[c] - mean[c];
      variance[c] += difference * difference;
    }
  }
  for (int64_t c = 0; c < s.count; ++c) variance[c] /= rows;
}

// y = x scale + shift
void slice_apply(const BatchNormSlice& s, const float* __restrict scale,
                 const float* __restrict shift, float* out) {
  for (int64_t i = 0; i < s.rows; ++i) {
    const float* __restrict x = s.x + i * s.channels;
    float* __restrict y = out + i * s.channels;
    for (int64_t c = 0; c < s.count; ++c) y[c] = x[c] * scale[c] + shift[c];
  }
}

// The sums of dy and of dy xhat, xhat = (x - mean) inverse.
void slice_gradient_sums(const BatchNormSlice& s, const float* dy, const float* __restrict mean,
                         const float* __restrict inverse, double* __restrict sum,
                         double* __restrict sum_xhat) {
  std::fill_n(sum, s.count, 0.0);
  std::fill_n(sum_xhat, s.count, 0.0);
  for (int64_t i = 0; i < s.rows; ++i) {
    const float* __restrict x = s.x + i * s.channels;
    const float* __restrict d = dy + i * s.channels;
    for (int64_t c = 0; c < s.count; ++c) {
      sum[c] += d[c];
      sum_xhat[c] += static_cast<double>(d[c]) * (x[c] - mean[c]) * inverse[c];
    }
  }
}

// dx = factor (dy - mean of dy - xhat mean of (dy xhat))
void slice_gradient(const BatchNormSlice& s, const float* dy, const float* __restrict mean,
                    const float* __restrict inverse, const float* __restrict factor,
                    const float* __restrict mean_dy, const float* __restrict mean_xhat,
                    float* out) {
  for (int64_t i = 0; i < s.rows; ++i) {
    const float* __restrict x = s.x + i * s.channels;
    const float* __restrict d = dy + i * s.channels;
    float* __restrict dx = out + i * s.channels;
    for (int64_t c = 0; c < s.count; ++c) {
      const float xhat = (x[c] - mean[c]) * inverse[c];
      dx[c] = factor[c] * (d[c] - mean_dy[c] - xhat * mean_xhat[c]);
    }
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(slice_moments);
HWY_EXPORT(slice_apply);
HWY_EXPORT(slice_gradient_sums);
HWY_EXPORT(slice_gradient);

constexpr int64_t kSlice = 128;             // channels whose sums are kept at once
constexpr int64_t kParallelWork = 1 << 15;  // elements that make a second thread worth while

// body(first channel, slice) for all channels, split between the threads.
template <class Body>
void over_slices(const graph::KernelCall& call, Body body) {
  const Tensor& x = call.in[0];
  const int64_t channels = std::max<int64_t>(x.shape.back(), 1);
  const int64_t rows = x.elements() / channels;
  const int64_t grain = std::max<int64_t>(kParallelWork / std::max<int64_t>(rows, 1), 16);
  device::parallel_for(
      device::cpu_team(call.context), channels, grain, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; c += kSlice) {
          body(c, BatchNormSlice{x.f32() + c, rows, channels, std::min(kSlice, end - c)});
        }
      });
}

}  // namespace

void batch_norm_cpu(const graph::KernelCall& call) {
  const float epsilon = static_cast<const BatchNormOp&>(call.op).epsilon();
  over_slices(call, [&](int64_t first, const BatchNormSlice& slice) {
    double mean[kSlice], variance[kSlice];
    float scale[kSlice], shift[kSlice];
    HWY_DYNAMIC_DISPATCH(slice_moments)(slice, mean, variance);
    for (int64_t i = 0; i < slice.count; ++i) {
      const int64_t c = first + i;
      const double inverse = 1.0 / std::sqrt(variance[i] + epsilon);
      const double gamma = call.in[1].f32()[c];
      call.out[1].f32()[c] = static_cast<float>(mean[i]);
      call.out[2].f32()[c] = static_cast<float>(variance[i]);
      call.out[3].f32()[c] = static_cast<float>(inverse);
      scale[i] = static_cast<float>(gamma * inverse);
      shift[i] = static_cast<float>(call.in[2].f32()[c] - mean[i] * gamma * inverse);
    }
    HWY_DYNAMIC_DISPATCH(slice_apply)(slice, scale, shift, call.out[0].f32() + first);
  });
}

// dx = gamma s / R (R dy - sum dy - xhat sum(dy xhat)), xhat = (x - mean) s.
void batch_norm_grad_cpu(const graph::KernelCall& call) {
  over_slices(call, [&](int64_t first, const BatchNormSlice& slice) {
    const float* dy = call.in[4].f32() + first;
    const float* mean = call.in[2].f32() + first;
    const float* inverse = call.in[3].f32() + first;
    double sum[kSlice], sum_xhat[kSlice];
    float factor[kSlice], mean_dy[kSlice], mean_xhat[kSlice];
    HWY_DYNAMIC_DISPATCH(slice_gradient_sums)(slice, dy, mean, inverse, sum, sum_xhat);
    const auto rows = static_cast<double>(slice.rows);
    for (int64_t i = 0; i < slice.count; ++i) {
      const int64_t c = first + i;
      call.out[1].f32()[c] = static_cast<float>(sum_xhat[i]);
      call.out[2].f32()[c] = static_cast<float>(sum[i]);
      factor[i] = call.in[1].f32()[c] * inverse[i];
      mean_dy[i] = static_cast<float>(sum[i] / rows);
      mean_xhat[i] = static_cast<float>(sum_xhat[i] / rows);
    }
    HWY_DYNAMIC_DISPATCH(slice_gradient)
    (slice, dy, mean, inverse, factor, mean_dy, mean_xhat, call.out[0].f32() + first);
  });
}

}  // namespace mlrun::ops
#endif
