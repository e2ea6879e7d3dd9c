#include "ops/image/depthwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/image/depthwise_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>

#include "device/cpu_context.h"
#include "ops/image/taps.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {
namespace {

// y[c] += x[c] w[c].
void add_product(const float* x, const float* w, float* y, int64_t channels) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  const auto n = static_cast<size_t>(channels);
  size_t c = 0;
  for (; c + lanes <= n; c += lanes) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, x + c), hn::LoadU(d, w + c), hn::LoadU(d, y + c)), d, y + c);
  }
  if (c == n) return;
  const Vec sum =
      hn::MulAdd(load_part(x + c, n - c), load_part(w + c, n - c), load_part(y + c, n - c));
  store_part(sum, y + c, n - c);
}

void add(const float* x, float* y, int64_t n) {
  map2(y, x, y, static_cast<size_t>(n), [](Vec a, Vec b) { return hn::Add(a, b); });
}

}  // namespace
}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(add_product);
HWY_EXPORT(add);

constexpr int64_t kParallelGrain = 16384;

// visit(output position, input position, tap) for the rows [begin, end) of all samples' output
// rows; positions and taps counted in images and filters of one channel.
template <class Visit>
void for_each_term(const TapAxis& h, const TapAxis& w, int64_t begin, int64_t end, Visit visit) {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t j = 0; j < w.out; ++j) {
      for (int64_t a = 0; a < h.kernel; ++a) {
        const int64_t i = h.source(row % h.out, a);
        for (int64_t b = 0; i >= 0 && b < w.kernel; ++b) {
          const int64_t column = w.source(j, b);
          if (column < 0) continue;
          visit(row * w.out + j, (row / h.out * h.in + i) * w.in + column, a * w.kernel + b);
        }
      }
    }
  }
}

}  // namespace

void depthwise_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const DepthwiseOp&>(call.op);
  const auto& [height, width] = op.axes();
  const TapAxis h = op.transposed() ? transposed_taps(height) : plain_taps(height);
  const TapAxis w = op.transposed() ? transposed_taps(width) : plain_taps(width);
  const int64_t last_tap = h.kernel * w.kernel - 1;
  const int64_t channels = call.in[0].shape.back();
  const int64_t row = w.out * channels;
  float* y = call.out[0].f32();
  const int64_t work = std::max<int64_t>(row * (last_tap + 1), 1);
  device::parallel_for(device::cpu_team(call.context), call.in[0].shape[0] * h.out,
                       std::max<int64_t>(kParallelGrain / work, 1),
                       [&](int64_t begin, int64_t end) {
                         std::fill(y + begin * row, y + end * row, 0.0f);
                         for_each_term(h, w, begin, end, [&](int64_t out, int64_t in, int64_t tap) {
                           const int64_t filter = op.transposed() ? last_tap - tap : tap;
                           HWY_DYNAMIC_DISPATCH(add_product)
                           (call.in[0].f32() + in * channels, call.in[1].f32() + filter * channels,
                            y + out * channels, channels);
                         });
                       });
}

void depthwise_weight_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const DepthwiseWeightGradOp&>(call.op);
  const TapAxis h = plain_taps(op.axes()[0]);
  const TapAxis w = plain_taps(op.axes()[1]);
  const int64_t channels = call.in[0].shape.back();
  const int64_t samples = call.in[0].shape[0];
  const int64_t chunks = std::min(samples, DepthwiseWeightGradOp::kMaxChunks);
  const int64_t size = call.out[0].elements();
  auto* partial = reinterpret_cast<float*>(call.workspace);
  device::parallel_for(device::cpu_team(call.context), chunks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      float* dw = partial + c * size;
      std::fill_n(dw, size, 0.0f);
      for_each_term(h, w, c * samples / chunks * h.out, (c + 1) * samples / chunks * h.out,
                    [&](int64_t out, int64_t in, int64_t tap) {
                      HWY_DYNAMIC_DISPATCH(add_product)
                      (call.in[0].f32() + in * channels, call.in[1].f32() + out * channels,
                       dw + tap * channels, channels);
                    });
    }
  });
  std::fill_n(call.out[0].f32(), size, 0.0f);
  for (int64_t c = 0; c < chunks; ++c) {
    HWY_DYNAMIC_DISPATCH(add)(partial + c * size, call.out[0].f32(), size);
  }
}

}  // namespace mlrun::ops
#endif
