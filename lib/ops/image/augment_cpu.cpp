#include "ops/image/augment.h"

#include <algorithm>

#include "base/philox.h"
#include "device/cpu_context.h"

namespace mlrun::ops {
namespace {

// One axis of one sample.
struct Placement {
  int64_t first, out, size;
  bool flipped;
  FillMode mode;

  // The position of the image shown at i, or -1.
  int64_t source(int64_t i) const {
    const int64_t at = first + (flipped ? out - 1 - i : i);
    if (at >= 0 && at < size) return at;
    switch (mode) {
      case FillMode::kConstant:
        return -1;
      case FillMode::kNearest:
        return std::clamp<int64_t>(at, 0, size - 1);
      case FillMode::kWrap:
        return (at % size + size) % size;
      case FillMode::kReflect: {  // d c b a | a b c d | d c b a
        const int64_t period = (at % (2 * size) + 2 * size) % (2 * size);
        return period < size ? period : 2 * size - 1 - period;
      }
    }
    return -1;
  }
};

Placement place(const AugmentAxis& axis, int64_t size, FillMode mode, uint32_t flip,
                uint32_t shift) {
  const auto choices = static_cast<uint64_t>(axis.first_high - axis.first_low + 1);
  const auto drawn = static_cast<int64_t>((choices * shift) >> 32);
  return {axis.first_low + drawn, axis.out, size, axis.flip && (flip & 1u) != 0, mode};
}

// visit(element of y, element of x or -1) for every pixel of sample n.
template <class Visit>
void for_each_pixel(const AugmentSettings& s, const Shape& x, const uint32_t* state, int64_t n,
                    Visit visit) {
  const PhiloxBlock words =
      philox4x32({static_cast<uint32_t>(n), s.salt, state[2], state[3]}, {state[0], state[1]});
  const Placement h = place(s.height, x[1], s.fill_mode, words[0], words[2]);
  const Placement w = place(s.width, x[2], s.fill_mode, words[1], words[3]);
  for (int64_t i = 0; i < h.out; ++i) {
    const int64_t row = h.source(i);
    for (int64_t j = 0; j < w.out; ++j) {
      const int64_t column = w.source(j);
      const int64_t from = row < 0 || column < 0 ? -1 : ((n * x[1] + row) * x[2] + column) * x[3];
      visit(((n * h.out + i) * w.out + j) * x[3], from);
    }
  }
}

constexpr int64_t kSampleGrain = 8;  // samples

}  // namespace

void augment_cpu(const graph::KernelCall& call) {
  const AugmentSettings& s = static_cast<const AugmentOp&>(call.op).settings();
  const Shape& x = call.in[0].shape;
  device::parallel_for(device::cpu_team(call.context), x[0], kSampleGrain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t n = begin; n < end; ++n) {
                           for_each_pixel(s, x, call.in[1].u32(), n, [&](int64_t to, int64_t from) {
                             float* y = call.out[0].f32() + to;
                             if (from < 0) {
                               std::fill_n(y, x[3], s.fill_value);
                             } else {
                               std::copy_n(call.in[0].f32() + from, x[3], y);
                             }
                           });
                         }
                       });
}

void augment_grad_cpu(const graph::KernelCall& call) {
  const AugmentSettings& s = static_cast<const AugmentGradOp&>(call.op).settings();
  const Shape& x = call.in[0].shape;
  const int64_t sample = x[1] * x[2] * x[3];
  float* dx = call.out[0].f32();
  device::parallel_for(device::cpu_team(call.context), x[0], kSampleGrain,
                       [&](int64_t begin, int64_t end) {
                         std::fill(dx + begin * sample, dx + end * sample, 0.0f);
                         for (int64_t n = begin; n < end; ++n) {
                           for_each_pixel(s, x, call.in[1].u32(), n, [&](int64_t to, int64_t from) {
                             for (int64_t c = 0; from >= 0 && c < x[3]; ++c) {
                               dx[from + c] += call.in[2].f32()[to + c];
                             }
                           });
                         }
                       });
}

}  // namespace mlrun::ops
