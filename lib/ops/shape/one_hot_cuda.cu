#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"
#include "ops/shape/one_hot.h"

namespace mlrun::ops {

void one_hot_cuda(const graph::KernelCall& call) {
  const Divider classes(call.out[0].shape.back());
  const auto labels = stacked<const int32_t>(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t row = classes.quotient(i);
    y(k)[i] = i - row * classes.divisor() == labels(k)[row] ? 1.0f : 0.0f;
  });
}

}  // namespace mlrun::ops
