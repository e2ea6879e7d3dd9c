#include "ops/kernel/device_rows.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/kernel/sum_pair.h"
#include "ops/normalize/normalize.h"

namespace mlrun::ops {
namespace {

// out[1] = mean, in double until it is stored, so that the variance has it with all digits.
void moments(const graph::KernelCall& call) {
  const float epsilon = static_cast<const BatchNormOp&>(call.op).epsilon();
  const int64_t rows = Rows(call.in[0]).count;
  const int64_t channels = call.in[0].shape.back();
  const auto count = static_cast<double>(rows);
  const auto exact = scratch_values<double>(call, channels);
  const auto x = input(call.in[0]);
  const auto mean = output(call.out[1]);
  const auto variance = output(call.out[2]);
  const auto inverse = output(call.out[3]);
  reduce_columns<double>(
      call, rows, channels,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t c) {
        return static_cast<double>(x(k)[row * channels + c]);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t c, double sum) {
        exact(k)[c] = sum / count;
        mean(k)[c] = static_cast<float>(sum / count);
      });
  reduce_columns<double>(
      call, rows, channels,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t c) {
        const double difference = x(k)[row * channels + c] - exact(k)[c];
        return difference * difference;
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t c, double sum) {
        variance(k)[c] = static_cast<float>(sum / count);
        inverse(k)[c] = static_cast<float>(1.0 / sqrt(sum / count + epsilon));
      });
}

// dgamma = sum dy xhat, dbeta = sum dy
void channel_gradients(const graph::KernelCall& call) {
  const int64_t channels = call.in[0].shape.back();
  const auto x = input(call.in[0]);
  const auto mean = input(call.in[2]);
  const auto inverse = input(call.in[3]);
  const auto dy = input(call.in[4]);
  const auto dgamma = output(call.out[1]);
  const auto dbeta = output(call.out[2]);
  reduce_columns<SumPair<double>>(
      call, Rows(call.in[0]).count, channels,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t c) {
        const double d = dy(k)[row * channels + c];
        return SumPair<double>{d * (x(k)[row * channels + c] - mean(k)[c]) * inverse(k)[c], d};
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t c, SumPair<double> sums) {
        dgamma(k)[c] = static_cast<float>(sums.first);
        dbeta(k)[c] = static_cast<float>(sums.second);
      });
}

}  // namespace

void batch_norm_cuda(const graph::KernelCall& call) {
  moments(call);
  const Divider channels(call.in[0].shape.back());
  const auto x = input(call.in[0]);
  const auto gamma = input(call.in[1]);
  const auto beta = input(call.in[2]);
  const auto y = output(call.out[0]);
  const auto mean = input(call.out[1]);
  const auto inverse = input(call.out[3]);
  for_each_element(call, call.in[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t c = channels.remainder(i);
    y(k)[i] = (x(k)[i] - mean(k)[c]) * (gamma(k)[c] * inverse(k)[c]) + beta(k)[c];
  });
}

// dx = gamma s / R (R dy - sum dy - xhat sum(dy xhat)), xhat = (x - mean) s.
void batch_norm_grad_cuda(const graph::KernelCall& call) {
  channel_gradients(call);
  const Divider channels(call.in[0].shape.back());
  const auto rows = static_cast<float>(Rows(call.in[0]).count);
  const auto x = input(call.in[0]);
  const auto gamma = input(call.in[1]);
  const auto mean = input(call.in[2]);
  const auto inverse = input(call.in[3]);
  const auto dy = input(call.in[4]);
  const auto dx = output(call.out[0]);
  const auto dgamma = input(call.out[1]);
  const auto dbeta = input(call.out[2]);
  for_each_element(call, call.in[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t c = channels.remainder(i);
    const float s = inverse(k)[c];
    const float xhat = (x(k)[i] - mean(k)[c]) * s;
    dx(k)[i] = gamma(k)[c] * s * (dy(k)[i] - dbeta(k)[c] / rows - xhat * (dgamma(k)[c] / rows));
  });
}

}  // namespace mlrun::ops
