#include "ops/image/resample.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/resample_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

// y += weight x.
void add_scaled(float weight, const float* x, float* y, int64_t n) {
  axpy(weight, x, y, static_cast<size_t>(n));
}

}  // namespace
}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(add_scaled);

constexpr int64_t kParallelGrain = 16384;

int64_t grain_of(int64_t elements) {
  return std::max<int64_t>(kParallelGrain / std::max<int64_t>(elements, 1), 1);
}

// Elements behind one position of the axis.
int64_t inner_of(const Shape& shape, int axis) { return shape.tail(axis + 1).elements(); }

// A position between two pixels.
struct Between {
  int64_t low, high;
  float high_share;
};

Between between(int64_t out, int64_t factor, int64_t size) {
  const double at = (static_cast<double>(out) + 0.5) / static_cast<double>(factor) - 0.5;
  const double inside = std::clamp(at, 0.0, static_cast<double>(size - 1));
  const auto low = static_cast<int64_t>(inside);
  return {low, std::min(low + 1, size - 1), static_cast<float>(inside - static_cast<double>(low))};
}

// visit(output position, input position, weight) for output row `row` of all samples' rows.
template <class Visit>
void for_bilinear_row(const std::array<int64_t, 2>& factors, const Shape& x, int64_t row,
                      Visit visit) {
  const int64_t rows = x[1] * factors[0];
  const int64_t columns = x[2] * factors[1];
  const Between i = between(row % rows, factors[0], x[1]);
  const int64_t top = row / rows * x[1];
  for (int64_t j = 0; j < columns; ++j) {
    const Between k = between(j, factors[1], x[2]);
    const int64_t out = row * columns + j;
    visit(out, (top + i.low) * x[2] + k.low, (1 - i.high_share) * (1 - k.high_share));
    visit(out, (top + i.low) * x[2] + k.high, (1 - i.high_share) * k.high_share);
    visit(out, (top + i.high) * x[2] + k.low, i.high_share * (1 - k.high_share));
    visit(out, (top + i.high) * x[2] + k.high, i.high_share * k.high_share);
  }
}

}  // namespace

void repeat_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const RepeatOp&>(call.op);
  const int64_t inner = inner_of(call.in[0].shape, op.axis());
  const int64_t slices = inner == 0 ? 0 : call.in[0].elements() / inner;
  device::parallel_for(device::cpu_team(call.context), slices, grain_of(inner * op.times()),
                       [&](int64_t begin, int64_t end) {
                         for (int64_t s = begin; s < end; ++s) {
                           float* y = call.out[0].f32() + s * op.times() * inner;
                           for (int64_t t = 0; t < op.times(); ++t) {
                             std::copy_n(call.in[0].f32() + s * inner, inner, y + t * inner);
                           }
                         }
                       });
}

void repeat_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const RepeatGradOp&>(call.op);
  const int64_t inner = inner_of(call.in[0].shape, op.axis());
  const int64_t slices = inner == 0 ? 0 : call.in[0].elements() / inner;
  device::parallel_for(device::cpu_team(call.context), slices, grain_of(inner * op.times()),
                       [&](int64_t begin, int64_t end) {
                         for (int64_t s = begin; s < end; ++s) {
                           const float* dy = call.in[1].f32() + s * op.times() * inner;
                           float* dx = call.out[0].f32() + s * inner;
                           std::fill_n(dx, inner, 0.0f);
                           for (int64_t t = 0; t < op.times(); ++t) {
                             HWY_DYNAMIC_DISPATCH(add_scaled)(1.0f, dy + t * inner, dx, inner);
                           }
                         }
                       });
}

void bilinear_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const BilinearOp&>(call.op);
  const Shape& x = call.in[0].shape;
  const int64_t channels = x.back();
  const int64_t row = x[2] * op.factors()[1] * channels;
  float* y = call.out[0].f32();
  device::parallel_for(
      device::cpu_team(call.context), x[0] * x[1] * op.factors()[0], grain_of(4 * row),
      [&](int64_t begin, int64_t end) {
        std::fill(y + begin * row, y + end * row, 0.0f);
        for (int64_t r = begin; r < end; ++r) {
          for_bilinear_row(op.factors(), x, r, [&](int64_t out, int64_t in, float weight) {
            HWY_DYNAMIC_DISPATCH(add_scaled)
            (weight, call.in[0].f32() + in * channels, y + out * channels, channels);
          });
        }
      });
}

// Several rows add to one: a sample is the work of one thread.
void bilinear_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const BilinearGradOp&>(call.op);
  const Shape& x = call.in[0].shape;
  const int64_t channels = x.back();
  const int64_t sample = x[1] * x[2] * channels;
  const int64_t rows = x[1] * op.factors()[0];
  float* dx = call.out[0].f32();
  device::parallel_for(
      device::cpu_team(call.context), x[0], grain_of(sample), [&](int64_t begin, int64_t end) {
        std::fill(dx + begin * sample, dx + end * sample, 0.0f);
        for (int64_t r = begin * rows; r < end * rows; ++r) {
          for_bilinear_row(op.factors(), x, r, [&](int64_t out, int64_t in, float weight) {
            HWY_DYNAMIC_DISPATCH(add_scaled)
            (weight, call.in[1].f32() + out * channels, dx + in * channels, channels);
          });
        }
      });
}

void pad_cpu(const graph::KernelCall& call) {
  const Margins& m = static_cast<const PadOp&>(call.op).margins();
  const Shape& from = call.in[0].shape;
  const Shape& to = call.out[0].shape;
  const int64_t channels = from.back();
  const int64_t before = std::max<int64_t>(m.left, 0);
  const int64_t skipped = std::max<int64_t>(-m.left, 0);
  const int64_t copied = std::max<int64_t>(std::min(from[2] - skipped, to[2] - before), 0);
  const int64_t width = to[2] * channels;
  device::parallel_for(
      device::cpu_team(call.context), to[0] * to[1], grain_of(width),
      [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
          float* y = call.out[0].f32() + r * width;
          std::fill_n(y, width, 0.0f);
          const int64_t row = r % to[1] - m.top;
          if (row < 0 || row >= from[1]) continue;
          const int64_t at = ((r / to[1] * from[1] + row) * from[2] + skipped) * channels;
          std::copy_n(call.in[0].f32() + at, copied * channels, y + before * channels);
        }
      });
}

}  // namespace mlrun::ops
#endif
