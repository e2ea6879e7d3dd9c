#include "ops/divider.h"
#include "ops/launch.h"
#include "ops/resample.h"

namespace mlrun::ops {

// Margins below zero cut off.
void pad_cuda(const graph::KernelCall& call) {
  const Margins margins = static_cast<const PadOp&>(call.op).margins();
  const Shape& to = call.out[0].shape;
  const Divider channels(to[3]);
  const Divider width(to[2]);
  const Divider height(to[1]);
  const int64_t from_height = call.in[0].shape[1];
  const int64_t from_width = call.in[0].shape[2];
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t pixel = channels.quotient(i);
    const int64_t line = width.quotient(pixel);
    const int64_t image = height.quotient(line);
    const int64_t column = pixel - line * width.divisor() - margins.left;
    const int64_t row = line - image * height.divisor() - margins.top;
    const bool inside = row >= 0 && row < from_height && column >= 0 && column < from_width;
    const int64_t from = (image * from_height + row) * from_width + column;
    y(k)[i] = inside ? x(k)[(from - pixel) * channels.divisor() + i] : 0.0f;
  });
}

}  // namespace mlrun::ops
