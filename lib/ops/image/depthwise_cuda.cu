#include "ops/image/depthwise.h"

#include "ops/image/device_images.h"
#include "ops/image/device_taps.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

struct ChannelWindows {
  DeviceTaps h, w;
  Images to, from;

  ChannelWindows(const TapAxis& height, const TapAxis& width, int64_t channels)
      : h(height), w(width), to(h.out, w.out, channels), from(h.in, w.in, channels) {}

  // The element of x that a tap reads for an element of y, or -1.
  MLRUN_DEVICE int64_t source(const PixelChannel& of, int64_t a, int64_t b) const {
    const int64_t row = h.source(of.row, a);
    const int64_t column = w.source(of.column, b);
    return row < 0 || column < 0 ? -1 : from.index(of.image, row, column, of.channel);
  }
};

}  // namespace

// A transposed one has its taps in reverse order.
void depthwise_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const DepthwiseOp&>(call.op);
  const auto& [height, width] = op.axes();
  const bool transposed = op.transposed();
  const int64_t channels = call.in[0].shape.back();
  const ChannelWindows windows(transposed ? transposed_taps(height) : plain_taps(height),
                               transposed ? transposed_taps(width) : plain_taps(width), channels);
  const auto of_x = input(call.in[0]);
  const auto of_w = input(call.in[1]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const float* x = of_x(k);
    const float* w = of_w(k);
    const PixelChannel to = windows.to.at(i);
    const int64_t taps = windows.h.kernel * windows.w.kernel;
    float sum = 0;
    for (int64_t tap = 0, a = 0; a < windows.h.kernel; ++a) {
      for (int64_t b = 0; b < windows.w.kernel; ++b, ++tap) {
        const int64_t at = windows.source(to, a, b);
        if (at < 0) continue;
        const int64_t filter = transposed ? taps - 1 - tap : tap;
        sum += x[at] * w[filter * channels + to.channel];
      }
    }
    y(k)[i] = sum;
  });
}

void depthwise_weight_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const DepthwiseWeightGradOp&>(call.op);
  const Shape& y = call.in[1].shape;
  const ChannelWindows windows(plain_taps(op.axes()[0]), plain_taps(op.axes()[1]), y.back());
  const Divider kernel_width(op.axes()[1].kernel);
  const auto x = input(call.in[0]);
  const auto dy = input(call.in[1]);
  const auto dw = output(call.out[0]);
  reduce_columns<float>(
      call, y[0] * y[1] * y[2], call.out[0].elements(),
      [=] MLRUN_KERNEL(int64_t k, int64_t pixel, int64_t element) {
        const Divider& channels = windows.to.channels;
        const int64_t tap = channels.quotient(element);
        const int64_t a = kernel_width.quotient(tap);
        const int64_t at = pixel * channels.divisor() + element - tap * channels.divisor();
        const int64_t from = windows.source(windows.to.at(at), a, tap - a * kernel_width.divisor());
        return from < 0 ? 0.0f : x(k)[from] * dy(k)[at];
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t element, float sum) { dw(k)[element] = sum; });
}

}  // namespace mlrun::ops
