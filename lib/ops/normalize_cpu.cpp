// Plain loops: the inner ones run over channels and vectorise by themselves. Sums over rows are in
// double and in row order, so that results do not depend on the number of threads.
#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "ops/normalize.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kGrain = 64;  // channels, or rows, that make a second thread worth while

struct Block {
  int64_t rows = 0;
  int64_t channels = 0;
};

Block block_of(const Tensor& x) {
  const int64_t channels = std::max<int64_t>(x.shape.back(), 1);
  return {x.elements() / channels, channels};
}

// body(first channel, end) over all channels, split between the threads.
template <class Body>
void over_channels(const graph::KernelCall& call, int64_t channels, Body body) {
  device::parallel_for(device::cpu_team(call.context), channels, kGrain, body);
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments channel_moments(const float* x, Block b, int64_t c) {
  Moments m;
  for (int64_t i = 0; i < b.rows; ++i) m.mean += x[i * b.channels + c];
  m.mean /= static_cast<double>(b.rows);
  for (int64_t i = 0; i < b.rows; ++i) {
    const double d = x[i * b.channels + c] - m.mean;
    m.variance += d * d;
  }
  m.variance /= static_cast<double>(b.rows);
  return m;
}

}  // namespace

void batch_norm_cpu(const graph::KernelCall& call) {
  const float epsilon = static_cast<const BatchNormOp&>(call.op).epsilon();
  const float* x = call.in[0].f32();
  const float* gamma = call.in[1].f32();
  const float* beta = call.in[2].f32();
  const Block b = block_of(call.in[0]);
  over_channels(call, b.channels, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const Moments m = channel_moments(x, b, c);
      const double inverse = 1.0 / std::sqrt(m.variance + epsilon);
      call.out[1].f32()[c] = static_cast<float>(m.mean);
      call.out[2].f32()[c] = static_cast<float>(m.variance);
      call.out[3].f32()[c] = static_cast<float>(inverse);
      const auto scale = static_cast<float>(gamma[c] * inverse);
      const auto shift = static_cast<float>(beta[c] - m.mean * gamma[c] * inverse);
      for (int64_t i = 0; i < b.rows; ++i) {
        call.out[0].f32()[i * b.channels + c] = x[i * b.channels + c] * scale + shift;
      }
    }
  });
}

// dx = gamma s / R (R dy - sum dy - xhat sum(dy xhat)), xhat = (x - mean) s.
void batch_norm_grad_cpu(const graph::KernelCall& call) {
  const float* x = call.in[0].f32();
  const float* dy = call.in[4].f32();
  const Block b = block_of(call.in[0]);
  over_channels(call, b.channels, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const float mean = call.in[2].f32()[c];
      const float inverse = call.in[3].f32()[c];
      double sum = 0;
      double sum_xhat = 0;
      for (int64_t i = 0; i < b.rows; ++i) {
        const int64_t at = i * b.channels + c;
        sum += dy[at];
        sum_xhat += static_cast<double>(dy[at]) * (x[at] - mean) * inverse;
      }
      call.out[1].f32()[c] = static_cast<float>(sum_xhat);
      call.out[2].f32()[c] = static_cast<float>(sum);
      const auto rows = static_cast<double>(b.rows);
      const float factor = call.in[1].f32()[c] * inverse;
      const auto mean_dy = static_cast<float>(sum / rows);
      const auto mean_xhat = static_cast<float>(sum_xhat / rows);
      for (int64_t i = 0; i < b.rows; ++i) {
        const int64_t at = i * b.channels + c;
        const float xhat = (x[at] - mean) * inverse;
        call.out[0].f32()[at] = factor * (dy[at] - mean_dy - xhat * mean_xhat);
      }
    }
  });
}

void moving_average_cpu(const graph::KernelCall& call) {
  const float momentum = static_cast<const MovingAverageOp&>(call.op).momentum();
  float* moving = call.in[0].f32();
  const float* batch = call.in[1].f32();
  for (int64_t i = 0; i < call.in[0].elements(); ++i) {
    moving[i] = moving[i] * momentum + batch[i] * (1 - momentum);
  }
}

}  // namespace mlrun::ops
