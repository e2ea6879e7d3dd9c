#include "ops/loss/softmax.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/loss/softmax_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/cpu_context.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

float max_of(const float* x, size_t n) {
  float most = x[0];
  for (size_t i = 1; i < n; ++i) most = x[i] > most ? x[i] : most;
  return most;
}

// y = e^(x - max), returns the sum. y may be x.
float exponentials(const float* x, float* y, size_t n, float most) {
  const Vec m = constant(most);
  map1(x, y, n, [m](Vec v) { return exp(hn::Sub(v, m)); });
  return sum1(y, n, [](Vec v) { return v; });
}

void softmax_row(const float* x, float* y, size_t n) {
  const float sum = exponentials(x, y, n, max_of(x, n));
  const Vec factor = constant(1.0f / sum);
  map1(y, y, n, [factor](Vec v) { return hn::Mul(v, factor); });
}

// log sum e^(x - max): max is left out, because large logits would swallow the digits of the sum.
float log_sum_exp(const float* x, size_t n, float most) {
  const Vec m = constant(most);
  return std::log(sum1(x, n, [m](Vec v) { return exp(hn::Sub(v, m)); }));
}

void log_softmax_row(const float* x, float* y, size_t n) {
  const float most = max_of(x, n);
  const Vec m = constant(most);
  const Vec shift = constant(log_sum_exp(x, n, most));
  map1(x, y, n, [m, shift](Vec v) { return hn::Sub(hn::Sub(v, m), shift); });
}

void softmax_grad_row(const float* y, const float* dy, float* dx, size_t n, bool log) {
  if (log) {
    const Vec sum = constant(sum1(dy, n, [](Vec v) { return v; }));
    return map2(y, dy, dx, n, [sum](Vec p, Vec d) { return hn::NegMulAdd(exp(p), sum, d); });
  }
  const Vec shift = constant(dot(y, dy, n));
  map2(y, dy, dx, n, [shift](Vec p, Vec d) { return hn::Mul(p, hn::Sub(d, shift)); });
}

float cross_entropy_row(const float* x, size_t n, int32_t label) {
  if (label < 0 || static_cast<size_t>(label) >= n) return std::numeric_limits<float>::quiet_NaN();
  const float most = max_of(x, n);
  return (most - x[label]) + log_sum_exp(x, n, most);
}

void cross_entropy_grad_row(const float* x, int32_t label, float dloss, float* dx, size_t n) {
  softmax_row(x, dx, n);
  if (label >= 0 && static_cast<size_t>(label) < n) dx[label] -= 1.0f;
  const Vec d = constant(dloss);
  map1(dx, dx, n, [d](Vec v) { return hn::Mul(v, d); });
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(softmax_row);
HWY_EXPORT(log_softmax_row);
HWY_EXPORT(softmax_grad_row);
HWY_EXPORT(cross_entropy_row);
HWY_EXPORT(cross_entropy_grad_row);

// row(first element of the row, row number, row length) for every row of x.
template <class Row>
void for_each_row(const graph::KernelCall& call, const Tensor& x, Row row) {
  const int64_t width = x.shape.back();
  if (x.elements() == 0) return;
  device::parallel_for(device::cpu_team(call.context), x.elements() / width,
                       std::max<int64_t>(4096 / width, 1), [&](int64_t begin, int64_t end) {
                         for (int64_t i = begin; i < end; ++i) {
                           row(i * width, i, static_cast<size_t>(width));
                         }
                       });
}

}  // namespace

void softmax_cpu(const graph::KernelCall& call) {
  const bool log = static_cast<const SoftmaxOp&>(call.op).log();
  const float* x = call.in[0].f32();
  float* y = call.out[0].f32();
  for_each_row(call, call.in[0], [=](int64_t at, int64_t, size_t n) {
    if (log) {
      HWY_DYNAMIC_DISPATCH(log_softmax_row)(x + at, y + at, n);
    } else {
      HWY_DYNAMIC_DISPATCH(softmax_row)(x + at, y + at, n);
    }
  });
}

void softmax_grad_cpu(const graph::KernelCall& call) {
  const bool log = static_cast<const SoftmaxGradOp&>(call.op).log();
  for_each_row(call, call.in[0], [&](int64_t at, int64_t, size_t n) {
    HWY_DYNAMIC_DISPATCH(softmax_grad_row)
    (call.in[0].f32() + at, call.in[1].f32() + at, call.out[0].f32() + at, n, log);
  });
}

void sparse_cross_entropy_cpu(const graph::KernelCall& call) {
  for_each_row(call, call.in[0], [&](int64_t at, int64_t i, size_t n) {
    call.out[0].f32()[i] =
        HWY_DYNAMIC_DISPATCH(cross_entropy_row)(call.in[0].f32() + at, n, call.in[1].i32()[i]);
  });
}

void sparse_cross_entropy_grad_cpu(const graph::KernelCall& call) {
  for_each_row(call, call.in[0], [&](int64_t at, int64_t i, size_t n) {
    HWY_DYNAMIC_DISPATCH(cross_entropy_grad_row)
    (call.in[0].f32() + at, call.in[1].i32()[i], call.in[2].f32()[i], call.out[0].f32() + at, n);
  });
}

}  // namespace mlrun::ops
#endif
