#include "ops/image/device_images.h"
#include "ops/image/resample.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// Output position i of one axis lies at ((i + 1/2) / factor - 1/2) in the input, cut off at its
// ends: between `low` and `high`, with weights that add up to 1.
struct Between {
  int64_t low, high;
  float high_share;

  MLRUN_DEVICE float weight(int64_t position) const {
    return (position == low ? 1 - high_share : 0.0f) + (position == high ? high_share : 0.0f);
  }
};

struct ScaledAxis {
  int64_t size, factor;
  Divider parts;  // in which the distance of two pixels is counted

  ScaledAxis(int64_t positions, int64_t by) : size(positions), factor(by), parts(2 * by) {}

  MLRUN_DEVICE int64_t out() const { return size * factor; }

  MLRUN_DEVICE Between at(int64_t i) const {
    const int64_t most = (size - 1) * parts.divisor();
    int64_t at = 2 * i + 1 - factor;
    at = at < 0 ? 0 : at < most ? at : most;
    const int64_t low = parts.quotient(at);
    const auto above = static_cast<float>(at - low * parts.divisor());
    return {low, low + 1 < size ? low + 1 : low, above / static_cast<float>(parts.divisor())};
  }

  // Output positions less than a pixel away: [first, end).
  MLRUN_DEVICE int64_t first(int64_t position) const {
    const int64_t i = position * factor - factor / 2;
    return i < 0 ? 0 : i;
  }
  MLRUN_DEVICE int64_t end(int64_t position) const {
    const int64_t i = (position + 1) * factor + factor / 2;
    return i < out() ? i : out();
  }
};

struct Scaling {
  ScaledAxis h, w;
  Images to, from;

  Scaling(const Shape& x, const std::array<int64_t, 2>& factors)
      : h(x[1], factors[0]),
        w(x[2], factors[1]),
        to(h.out(), w.out(), x[3]),
        from(h.size, w.size, x[3]) {}
};

}  // namespace

void bilinear_cuda(const graph::KernelCall& call) {
  const Scaling scaling(call.in[0].shape, static_cast<const BilinearOp&>(call.op).factors());
  const auto of_x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const float* x = of_x(k);
    const PixelChannel to = scaling.to.at(i);
    const Between row = scaling.h.at(to.row);
    const Between column = scaling.w.at(to.column);
    const auto at = [&](int64_t r, int64_t c) {
      return x[scaling.from.index(to.image, r, c, to.channel)];
    };
    const float right = column.high_share;
    const float top = (1 - right) * at(row.low, column.low) + right * at(row.low, column.high);
    const float bottom = (1 - right) * at(row.high, column.low) + right * at(row.high, column.high);
    y(k)[i] = (1 - row.high_share) * top + row.high_share * bottom;
  });
}

// Each pixel of the input looks for the pixels that it is a part of.
void bilinear_grad_cuda(const graph::KernelCall& call) {
  const Scaling scaling(call.in[0].shape, static_cast<const BilinearGradOp&>(call.op).factors());
  const auto dy = input(call.in[1]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const PixelChannel from = scaling.from.at(i);
    float sum = 0;
    for (int64_t r = scaling.h.first(from.row); r < scaling.h.end(from.row); ++r) {
      const float of_row = scaling.h.at(r).weight(from.row);
      for (int64_t c = scaling.w.first(from.column); c < scaling.w.end(from.column); ++c) {
        const float weight = of_row * scaling.w.at(c).weight(from.column);
        sum += weight * dy(k)[scaling.to.index(from.image, r, c, from.channel)];
      }
    }
    dx(k)[i] = sum;
  });
}

}  // namespace mlrun::ops
