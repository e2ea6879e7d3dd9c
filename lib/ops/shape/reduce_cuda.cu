#include "ops/shape/reduce.h"

#include "ops/elementwise/elementwise.h"
#include "ops/kernel/half_bits.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

void scale_all(const graph::KernelCall& call, float factor) {
  const Numbers x(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=] MLRUN_KERNEL(int64_t k, int64_t i) { y(k)[i] = x(k, i) * factor; });
}

void reduce_trailing(const graph::KernelCall& call, float factor) {
  const int64_t rows = call.out[0].elements();
  const int64_t width = rows == 0 ? 0 : call.in[0].elements() / rows;
  const Numbers x(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_row(call, rows, width, [=] MLRUN_KERNEL(int64_t k, int64_t row, const Lanes& lanes) {
    float sum = 0;
    for (int64_t i = lanes.lane(); i < width; i += lanes.size()) sum += x(k, row * width + i);
    sum = lanes.sum(sum);
    if (lanes.lane() == 0) y(k)[row] = sum * factor;
  });
}

}  // namespace

void sum_rows_cuda(const graph::KernelCall& call, const Tensor& x, const Tensor& y, float factor) {
  const int64_t width = y.elements();
  if (width == 0) return;
  const Numbers of_x(x);
  const auto of_y = output(y);
  reduce_columns<float>(
      call, x.elements() / width, width,
      [=] MLRUN_KERNEL(int64_t k, int64_t row, int64_t column) {
        return of_x(k, row * width + column);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t column, float sum) { of_y(k)[column] = sum * factor; });
}

void reduce_cuda(const graph::KernelCall& call) {
  const Tensor& x = call.in[0];
  const Tensor& y = call.out[0];
  const bool mean = static_cast<const ReduceOp&>(call.op).mean() && x.elements() > 0;
  const double count = static_cast<double>(x.elements()) / static_cast<double>(y.elements());
  const float factor = mean ? static_cast<float>(1.0 / count) : 1.0f;
  const Spread spread = spread_of(x.shape, {y.shape, y.dtype});
  if (spread == Spread::kSame || x.elements() == y.elements()) return scale_all(call, factor);
  if (spread == Spread::kColumn) return reduce_trailing(call, factor);
  sum_rows_cuda(call, x, y, factor);
}

void mean_scale_cuda(const graph::KernelCall& call) {
  const auto count = static_cast<double>(std::max<int64_t>(call.in[1].elements(), 1));
  scale_all(call, static_cast<float>(static_cast<double>(call.in[0].elements()) / count));
}

}  // namespace mlrun::ops
