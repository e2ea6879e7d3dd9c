#include "ops/image/resample.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

// Elements of one step along the axis.
int64_t inner_of(const Shape& shape, int axis) { return shape.tail(axis + 1).elements(); }

}  // namespace

void repeat_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const RepeatOp&>(call.op);
  const Divider inner(inner_of(call.in[0].shape, op.axis()));
  const Divider times(op.times());
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t slice = inner.quotient(i);
    y(k)[i] = x(k)[(times.quotient(slice) - slice) * inner.divisor() + i];
  });
}

void repeat_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const RepeatGradOp&>(call.op);
  const Divider inner(inner_of(call.out[0].shape, op.axis()));
  const int64_t times = op.times();
  const auto dy = input(call.in[1]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t slice = inner.quotient(i);
    const float* from = dy(k) + slice * (times - 1) * inner.divisor() + i;
    float sum = 0;
    for (int64_t t = 0; t < times; ++t) sum += from[t * inner.divisor()];
    dx(k)[i] = sum;
  });
}

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
