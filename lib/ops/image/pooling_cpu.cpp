#include "ops/image/pooling.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/pooling_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"

#ifndef MLRUN_OPS_POOLING_CPU_
#define MLRUN_OPS_POOLING_CPU_
namespace mlrun::ops {

// The part of a window that lies inside of the image.
struct PoolWindow {
  int64_t at;             // its first element, in floats
  int64_t rows, columns;  // positions
  int64_t row;            // floats of a row of the image
  int64_t channels;
};

}  // namespace mlrun::ops
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

// f(element of the window, in reading order), for channels [c, c + n).
template <class F>
HWY_INLINE void for_each_tap(const PoolWindow& w, int64_t c, F f) {
  for (int64_t i = 0; i < w.rows; ++i) {
    for (int64_t j = 0; j < w.columns; ++j) f(w.at + i * w.row + j * w.channels + c);
  }
}

// body(channel, load, store) for whole vectors of channels, then for what is left of them.
template <class Body>
HWY_INLINE void for_channels(int64_t channels, Body body) {
  const Float d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  for (; c + lanes <= channels; c += lanes) {
    body(
        c, [d](const float* p) { return hn::LoadU(d, p); },
        [d](Vec v, float* p) { hn::StoreU(v, d, p); });
  }
  const auto left = static_cast<size_t>(channels - c);
  if (left == 0) return;
  body(
      c, [left](const float* p) { return load_part(p, left); },
      [left](Vec v, float* p) { store_part(v, p, left); });
}

void max_of_window(const PoolWindow& w, const float* x, float* y) {
  for_channels(w.channels, [&](int64_t c, auto load, auto store) {
    Vec most = load(x + w.at + c);
    for_each_tap(w, c, [&](int64_t at) {
      const Vec v = load(x + at);
      most = keep_nan(v, hn::IfThenElse(hn::Gt(v, most), v, most));
    });
    store(most, y + c);
  });
}

void mean_of_window(const PoolWindow& w, const float* x, float* y) {
  const Vec factor = constant(1.0f / static_cast<float>(w.rows * w.columns));
  for_channels(w.channels, [&](int64_t c, auto load, auto store) {
    Vec sum = constant(0.0f);
    for_each_tap(w, c, [&](int64_t at) { sum = hn::Add(sum, load(x + at)); });
    store(hn::Mul(sum, factor), y + c);
  });
}

// To the first element that is the largest; `due` is what has not found its element yet.
void spread_max(const PoolWindow& w, const float* x, const float* y, const float* dy, float* dx) {
  for_channels(w.channels, [&](int64_t c, auto load, auto store) {
    const Vec most = load(y + c);
    Vec due = load(dy + c);
    for_each_tap(w, c, [&](int64_t at) {
      const auto here = hn::Eq(load(x + at), most);
      store(hn::Add(load(dx + at), hn::IfThenElseZero(here, due)), dx + at);
      due = hn::IfThenZeroElse(here, due);
    });
  });
}

void spread_mean(const PoolWindow& w, const float* dy, float* dx) {
  const Vec factor = constant(1.0f / static_cast<float>(w.rows * w.columns));
  for_channels(w.channels, [&](int64_t c, auto load, auto store) {
    const Vec share = hn::Mul(load(dy + c), factor);
    for_each_tap(w, c, [&](int64_t at) { store(hn::Add(load(dx + at), share), dx + at); });
  });
}

}  // namespace
}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(max_of_window);
HWY_EXPORT(mean_of_window);
HWY_EXPORT(spread_max);
HWY_EXPORT(spread_mean);

constexpr int64_t kParallelGrain = 16384;

struct Range {
  int64_t first, count;
};

Range inside(const ConvolutionAxis& axis, int64_t i) {
  const int64_t begin = i * axis.stride - axis.padding;
  const int64_t first = std::max<int64_t>(begin, 0);
  return {first, std::min(begin + axis.kernel, axis.in) - first};
}

// window(window, first element of the output position) for the row i of sample n.
template <class Visit>
void for_row(const std::array<ConvolutionAxis, 2>& axes, int64_t channels, int64_t n, int64_t i,
             Visit visit) {
  const auto& [h, w] = axes;
  const Range rows = inside(h, i);
  const int64_t row = w.in * channels;
  for (int64_t j = 0; j < w.out; ++j) {
    const Range columns = inside(w, j);
    const int64_t at = (n * h.in + rows.first) * row + columns.first * channels;
    visit(PoolWindow{at, rows.count, columns.count, row, channels},
          ((n * h.out + i) * w.out + j) * channels);
  }
}

int64_t grain_of(int64_t elements) {
  return std::max<int64_t>(kParallelGrain / std::max<int64_t>(elements, 1), 1);
}

}  // namespace

void pool_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolOp&>(call.op);
  const auto& [h, w] = op.axes();
  const int64_t channels = call.in[0].shape.back();
  const float* x = call.in[0].f32();
  float* y = call.out[0].f32();
  const int64_t grain = grain_of(w.out * channels * h.kernel * w.kernel);
  const auto visit = [&](const PoolWindow& window, int64_t at) {
    if (op.kind() == Pooling::kMax) {
      HWY_DYNAMIC_DISPATCH(max_of_window)(window, x, y + at);
    } else {
      HWY_DYNAMIC_DISPATCH(mean_of_window)(window, x, y + at);
    }
  };
  device::parallel_for(device::cpu_team(call.context), call.in[0].shape[0] * h.out, grain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t r = begin; r < end; ++r) {
                           for_row(op.axes(), channels, r / h.out, r % h.out, visit);
                         }
                       });
}

// Windows may overlap: a sample is the work of one thread.
void pool_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolGradOp&>(call.op);
  const auto& [h, w] = op.axes();
  const int64_t channels = call.in[0].shape.back();
  const int64_t sample = h.in * w.in * channels;
  const float* x = call.in[0].f32();
  const float* y = call.in[1].f32();
  const float* dy = call.in[2].f32();
  float* dx = call.out[0].f32();
  const auto visit = [&](const PoolWindow& window, int64_t at) {
    if (op.kind() == Pooling::kMax) {
      HWY_DYNAMIC_DISPATCH(spread_max)(window, x, y + at, dy + at, dx);
    } else {
      HWY_DYNAMIC_DISPATCH(spread_mean)(window, dy + at, dx);
    }
  };
  device::parallel_for(device::cpu_team(call.context), call.in[0].shape[0], grain_of(sample),
                       [&](int64_t begin, int64_t end) {
                         std::fill(dx + begin * sample, dx + end * sample, 0.0f);
                         for (int64_t r = begin * h.out; r < end * h.out; ++r) {
                           for_row(op.axes(), channels, r / h.out, r % h.out, visit);
                         }
                       });
}

}  // namespace mlrun::ops
#endif
