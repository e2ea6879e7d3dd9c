#include "base/divide.h"
#include "ops/shape/reduce.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/shape/reduce_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"
#include "ops/elementwise/elementwise.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

float sum_of(const float* x, int64_t n) {
  return sum1(x, static_cast<size_t>(n), [](Vec v) { return v; });
}

// sums[j] = x[0, j] + x[1, j] + ...
void sum_rows(const float* x, int64_t rows, int64_t width, float* sums) {
  if (width == 1) {
    sums[0] = sum_of(x, rows);
    return;
  }
  fold_rows(x, rows, width, sums, static_cast<size_t>(width),
            [](Vec sum, Vec row, int64_t) { return hn::Add(sum, row); });
}

void scale_all(float* x, int64_t n, float factor) {
  const Vec f = constant(factor);
  map1(x, x, static_cast<size_t>(n), [f](Vec v) { return hn::Mul(v, f); });
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(sum_of);
HWY_EXPORT(sum_rows);
HWY_EXPORT(scale_all);

constexpr int64_t kMinChunkElements = 16384;

void reduce_trailing(const graph::KernelCall& call) {
  const Tensor& x = call.in[0];
  const Tensor& y = call.out[0];
  const int64_t rows = y.elements();
  const int64_t width = rows == 0 ? 0 : x.elements() / rows;
  const int64_t grain = std::max<int64_t>(kMinChunkElements / std::max<int64_t>(width, 1), 1);
  device::parallel_for(device::cpu_team(call.context), rows, grain, [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      y.f32()[i] = HWY_DYNAMIC_DISPATCH(sum_of)(x.f32() + i * width, width);
    }
  });
}

// Sum over leading axes: chunks of rows side by side, then the chunks in order.
void reduce_leading(const graph::KernelCall& call) {
  const Tensor& x = call.in[0];
  const Tensor& y = call.out[0];
  const int64_t width = y.elements();
  if (width == 0) return;
  const int64_t rows = x.elements() / width;
  const int64_t least = std::max<int64_t>(kMinChunkElements / width, 1);
  const int64_t chunk = std::max(least, divide_up(rows, ReduceOp::kMaxChunks));
  const int64_t chunks = divide_up(rows, chunk);
  if (chunks <= 1) return HWY_DYNAMIC_DISPATCH(sum_rows)(x.f32(), rows, width, y.f32());
  auto* partial = reinterpret_cast<float*>(call.workspace);
  device::parallel_for(device::cpu_team(call.context), chunks, 1, [&](int64_t b, int64_t e) {
    for (int64_t c = b; c < e; ++c) {
      HWY_DYNAMIC_DISPATCH(sum_rows)
      (x.f32() + c * chunk * width, std::min(chunk, rows - c * chunk), width, partial + c * width);
    }
  });
  HWY_DYNAMIC_DISPATCH(sum_rows)(partial, chunks, width, y.f32());
}

}  // namespace

void reduce_cpu(const graph::KernelCall& call) {
  const Tensor& x = call.in[0];
  const Tensor& y = call.out[0];
  const Spread spread = spread_of(x.shape, {y.shape, y.dtype});
  if (spread == Spread::kSame || x.elements() == y.elements()) {
    std::copy_n(x.f32(), x.elements(), y.f32());
  } else if (spread == Spread::kColumn) {
    reduce_trailing(call);
  } else {
    reduce_leading(call);
  }
  if (!static_cast<const ReduceOp&>(call.op).mean() || x.elements() == 0) return;
  const double count = static_cast<double>(x.elements()) / static_cast<double>(y.elements());
  HWY_DYNAMIC_DISPATCH(scale_all)(y.f32(), y.elements(), static_cast<float>(1.0 / count));
}

void mean_scale_cpu(const graph::KernelCall& call) {
  const Tensor& dy = call.in[0];
  const int64_t count = std::max<int64_t>(call.in[1].elements(), 1);
  const auto factor =
      static_cast<float>(static_cast<double>(dy.elements()) / static_cast<double>(count));
  if (call.out[0].f32() != dy.f32()) std::copy_n(dy.f32(), dy.elements(), call.out[0].f32());
  HWY_DYNAMIC_DISPATCH(scale_all)(call.out[0].f32(), dy.elements(), factor);
}

}  // namespace mlrun::ops
#endif
