#include "ops/kernel/launch.h"
#include "ops/normalize/normalize.h"

namespace mlrun::ops {

void moving_average_cuda(const graph::KernelCall& call) {
  const float momentum = static_cast<const MovingAverageOp&>(call.op).momentum();
  const auto moving = output(call.in[0]);
  const auto batch = input(call.in[1]);
  for_each_element(call, call.in[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    moving(k)[i] = moving(k)[i] * momentum + batch(k)[i] * (1 - momentum);
  });
}

}  // namespace mlrun::ops
