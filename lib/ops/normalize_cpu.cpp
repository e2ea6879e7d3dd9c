// Plain loops: the inner ones run over channels and vectorise by themselves. Sums over rows are in
// double and in row order, so that results do not depend on the number of threads. Batch
// normalisation has a file of its own, batch_norm_cpu.cpp.
#include <algorithm>
#include <cmath>

#include "device/cpu_context.h"
#include "ops/normalize.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kSlice = 64;  // channels whose sums are kept at once
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

Moments row_moments(const float* x, int64_t channels) {
  Moments m;
  for (int64_t c = 0; c < channels; ++c) m.mean += x[c];
  m.mean /= static_cast<double>(channels);
  for (int64_t c = 0; c < channels; ++c) m.variance += (x[c] - m.mean) * (x[c] - m.mean);
  m.variance /= static_cast<double>(channels);
  return m;
}

}  // namespace

void layer_norm_cpu(const graph::KernelCall& call) {
  const float epsilon = static_cast<const LayerNormOp&>(call.op).epsilon();
  const float* gamma = call.in[1].f32();
  const float* beta = call.in[2].f32();
  const Block b = block_of(call.in[0]);
  device::parallel_for(
      device::cpu_team(call.context), b.rows, kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const float* x = call.in[0].f32() + i * b.channels;
          float* y = call.out[0].f32() + i * b.channels;
          const Moments m = row_moments(x, b.channels);
          const auto mean = static_cast<float>(m.mean);
          const auto inverse = static_cast<float>(1.0 / std::sqrt(m.variance + epsilon));
          call.out[1].f32()[i] = mean;
          call.out[2].f32()[i] = inverse;
          for (int64_t c = 0; c < b.channels; ++c) {
            y[c] = (x[c] - mean) * inverse * gamma[c] + beta[c];
          }
        }
      });
}

namespace {

void layer_norm_grad_row(const graph::KernelCall& call, int64_t row, int64_t channels) {
  const float* x = call.in[0].f32() + row * channels;
  const float* gamma = call.in[1].f32();
  const float mean = call.in[2].f32()[row];
  const float inverse = call.in[3].f32()[row];
  const float* dy = call.in[4].f32() + row * channels;
  float* dx = call.out[0].f32() + row * channels;
  double sum = 0;
  double sum_xhat = 0;
  for (int64_t c = 0; c < channels; ++c) {
    const double g = static_cast<double>(dy[c]) * gamma[c];
    sum += g;
    sum_xhat += g * (x[c] - mean) * inverse;
  }
  const auto mean_dy = static_cast<float>(sum / static_cast<double>(channels));
  const auto mean_xhat = static_cast<float>(sum_xhat / static_cast<double>(channels));
  for (int64_t c = 0; c < channels; ++c) {
    const float xhat = (x[c] - mean) * inverse;
    dx[c] = inverse * (dy[c] * gamma[c] - mean_dy - xhat * mean_xhat);
  }
}

// dgamma and dbeta of the channels [first, first + count), count <= kSlice.
void layer_norm_weight_gradients(const graph::KernelCall& call, Block b, int64_t first,
                                 int64_t count) {
  double dgamma[kSlice] = {};
  double dbeta[kSlice] = {};
  for (int64_t i = 0; i < b.rows; ++i) {
    const float* x = call.in[0].f32() + i * b.channels + first;
    const float* dy = call.in[4].f32() + i * b.channels + first;
    const float mean = call.in[2].f32()[i];
    const float inverse = call.in[3].f32()[i];
    for (int64_t c = 0; c < count; ++c) {
      dgamma[c] += static_cast<double>(dy[c]) * (x[c] - mean) * inverse;
      dbeta[c] += dy[c];
    }
  }
  for (int64_t c = 0; c < count; ++c) {
    call.out[1].f32()[first + c] = static_cast<float>(dgamma[c]);
    call.out[2].f32()[first + c] = static_cast<float>(dbeta[c]);
  }
}

}  // namespace

void layer_norm_grad_cpu(const graph::KernelCall& call) {
  const Block b = block_of(call.in[0]);
  over_channels(call, b.channels, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; c += kSlice) {
      layer_norm_weight_gradients(call, b, c, std::min(kSlice, end - c));
    }
  });
  device::parallel_for(device::cpu_team(call.context), b.rows, kGrain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           layer_norm_grad_row(call, i, b.channels);
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
