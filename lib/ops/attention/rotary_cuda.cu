#include "ops/attention/rotary.h"

#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {

// One turn for each element of the first halves of the heads; the rest of a row is copied. Who
// writes a pair has read it, so that y may be x.
void rotary_cuda(const graph::KernelCall& call) {
  const RotaryOptions& o = static_cast<const RotaryOp&>(call.op).options();
  const Shape& shape = call.in[0].shape;
  const Divider positions(shape[1]);
  const Divider width(shape[2]);
  const Divider dim(o.head_dim);
  const int64_t half = o.head_dim / 2;
  const int64_t turned = o.heads * o.head_dim;
  const float sign = o.backward ? -1.0f : 1.0f;
  const auto x = input(call.in[0]);
  const auto tables = input(call.in[1]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = width.quotient(i);
    const int64_t column = i - row * width.divisor();
    const int64_t j = dim.remainder(column);
    if (column >= turned) {
      y(k)[i] = x(k)[i];
    } else if (j < half) {
      const float* table = tables(k) + positions.remainder(row) * dim.divisor();
      const float a = x(k)[i];
      const float b = x(k)[i + half];
      const float cosine = table[j];
      const float sine = sign * table[j + half];
      y(k)[i] = a * cosine - b * sine;
      y(k)[i + half] = b * cosine + a * sine;
    }
  });
}

}  // namespace mlrun::ops
