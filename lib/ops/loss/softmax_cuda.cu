#include "ops/loss/softmax.h"

#include "ops/kernel/device_rows.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

MLRUN_KERNEL float max_of(const float* x, int64_t n, const Lanes& lanes) {
  float most = x[0];
  for (int64_t i = lanes.lane(); i < n; i += lanes.size()) most = x[i] > most ? x[i] : most;
  return lanes.max(most);
}

// sum e^(x - most)
MLRUN_KERNEL float sum_exp(const float* x, int64_t n, float most, const Lanes& lanes) {
  float sum = 0;
  for (int64_t i = lanes.lane(); i < n; i += lanes.size()) sum += expf(x[i] - most);
  return lanes.sum(sum);
}

}  // namespace

// A lane writes only what no other lane reads, so that y may be x.
void softmax_cuda(const graph::KernelCall& call) {
  const bool log = static_cast<const SoftmaxOp&>(call.op).log();
  const Rows rows(call.in[0]);
  const auto in = input(call.in[0]);
  const auto out = output(call.out[0]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* x = in(k) + row * rows.width;
                 float* y = out(k) + row * rows.width;
                 const float most = max_of(x, rows.width, lanes);
                 const float sum = sum_exp(x, rows.width, most, lanes);
                 const float shift = logf(sum);
                 const float factor = 1.0f / sum;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   y[i] = log ? (x[i] - most) - shift : expf(x[i] - most) * factor;
                 }
               });
}

void softmax_grad_cuda(const graph::KernelCall& call) {
  const bool log = static_cast<const SoftmaxGradOp&>(call.op).log();
  const Rows rows(call.in[0]);
  const auto of_y = input(call.in[0]);
  const auto of_dy = input(call.in[1]);
  const auto of_dx = output(call.out[0]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* y = of_y(k) + row * rows.width;
                 const float* dy = of_dy(k) + row * rows.width;
                 float* dx = of_dx(k) + row * rows.width;
                 float sum = 0;
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   sum += log ? dy[i] : y[i] * dy[i];
                 }
                 sum = lanes.sum(sum);
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   dx[i] = log ? dy[i] - expf(y[i]) * sum : y[i] * (dy[i] - sum);
                 }
               });
}

void sparse_cross_entropy_cuda(const graph::KernelCall& call) {
  const Rows rows(call.in[0]);
  const auto logits = input(call.in[0]);
  const auto labels = stacked<const int32_t>(call.in[1]);
  const auto loss = output(call.out[0]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* x = logits(k) + row * rows.width;
                 const int32_t label = labels(k)[row];
                 const float most = max_of(x, rows.width, lanes);
                 const float sum = sum_exp(x, rows.width, most, lanes);
                 const bool known = label >= 0 && label < rows.width;
                 if (lanes.lane() != 0) return;
                 loss(k)[row] = known ? (most - x[label]) + logf(sum) : NAN;
               });
}

void sparse_cross_entropy_grad_cuda(const graph::KernelCall& call) {
  const Rows rows(call.in[0]);
  const auto logits = input(call.in[0]);
  const auto labels = stacked<const int32_t>(call.in[1]);
  const auto of_dloss = input(call.in[2]);
  const auto of_dx = output(call.out[0]);
  for_each_row(call, rows.count, rows.width,
               [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
                 const float* x = logits(k) + row * rows.width;
                 float* dx = of_dx(k) + row * rows.width;
                 const int32_t label = labels(k)[row];
                 const float dloss = of_dloss(k)[row];
                 const float most = max_of(x, rows.width, lanes);
                 const float factor = 1.0f / sum_exp(x, rows.width, most, lanes);
                 for (int64_t i = lanes.lane(); i < rows.width; i += lanes.size()) {
                   dx[i] = (expf(x[i] - most) * factor - (i == label ? 1.0f : 0.0f)) * dloss;
                 }
               });
}

}  // namespace mlrun::ops
