#include "ops/kernel/device_rows.h"
#include "ops/kernel/launch.h"
#include "ops/kernel/sum_pair.h"
#include "ops/normalize/normalize.h"

namespace mlrun::ops {
namespace {

// Sums over the rows: dgamma = sum dy xhat, dbeta = sum dy.
void channel_gradients(const graph::KernelCall& call, const Rows& rows) {
  const auto x = input(call.in[0]);
  const auto mean = input(call.in[2]);
  const auto inverse = input(call.in[3]);
  const auto dy = input(call.in[4]);
  const auto dgamma = output(call.out[1]);
  const auto dbeta = output(call.out[2]);
  const int64_t width = rows.width;
  reduce_columns<SumPair<float>>(
      call, rows.count, width,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t c) {
        const float d = dy(k)[row * width + c];
        const float xhat = (x(k)[row * width + c] - mean(k)[row]) * inverse(k)[row];
        return SumPair<float>{d * xhat, d};
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t c, SumPair<float> sums) {
        dgamma(k)[c] = sums.first;
        dbeta(k)[c] = sums.second;
      });
}

}  // namespace

// The mean is taken of the distances from the first element, as on the CPU: it has all digits
// however large x is.
void layer_norm_cuda(const graph::KernelCall& call) {
  const float epsilon = static_cast<const LayerNormOp&>(call.op).epsilon();
  const Rows rows(call.in[0]);
  const auto of_x = input(call.in[0]);
  const auto gamma = input(call.in[1]);
  const auto beta = input(call.in[2]);
  const auto of_y = output(call.out[0]);
  const auto means = output(call.out[1]);
  const auto inverses = output(call.out[2]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* x = of_x(k) + row * rows.width;
                 float* y = of_y(k) + row * rows.width;
                 const auto count = static_cast<float>(rows.width);
                 const float first = x[0];
                 float sum = 0;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   sum += x[i] - first;
                 }
                 const float centre = lanes.sum(sum) / count;
                 float squares = 0;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   const float v = (x[i] - first) - centre;
                   squares += v * v;
                 }
                 const float inverse = 1.0f / sqrtf(lanes.sum(squares) / count + epsilon);
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   y[i] = ((x[i] - first) - centre) * inverse * gamma(k)[i] + beta(k)[i];
                 }
                 if (lanes.lane() != 0) return;
                 means(k)[row] = first + centre;
                 inverses(k)[row] = inverse;
               });
}

// With xhat = (x - mean) s and g = dy gamma: dx = s (g - mean(g) - xhat mean(g xhat)).
void layer_norm_grad_cuda(const graph::KernelCall& call) {
  const Rows rows(call.in[0]);
  const auto of_x = input(call.in[0]);
  const auto gamma = input(call.in[1]);
  const auto means = input(call.in[2]);
  const auto inverses = input(call.in[3]);
  const auto of_dy = input(call.in[4]);
  const auto of_dx = output(call.out[0]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* x = of_x(k) + row * rows.width;
                 const float* dy = of_dy(k) + row * rows.width;
                 float* dx = of_dx(k) + row * rows.width;
                 const float mean = means(k)[row];
                 const float s = inverses(k)[row];
                 SumPair<float> sums;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   const float g = dy[i] * gamma(k)[i];
                   sums = sums + SumPair<float>{g, g * ((x[i] - mean) * s)};
                 }
                 const auto count = static_cast<float>(rows.width);
                 const float mean_g = lanes.sum(sums.first) / count;
                 const float mean_gx = lanes.sum(sums.second) / count;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   const float xhat = (x[i] - mean) * s;
                   dx[i] = s * (dy[i] * gamma(k)[i] - mean_g - xhat * mean_gx);
                 }
               });
  channel_gradients(call, rows);
}

}  // namespace mlrun::ops
