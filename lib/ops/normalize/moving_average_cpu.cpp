#include "ops/normalize/normalize.h"

namespace mlrun::ops {

void moving_average_cpu(const graph::KernelCall& call) {
  const float momentum = static_cast<const MovingAverageOp&>(call.op).momentum();
  float* moving = call.in[0].f32();
  const float* batch = call.in[1].f32();
  for (int64_t i = 0; i < call.in[0].elements(); ++i) {
    moving[i] = moving[i] * momentum + batch[i] * (1 - momentum);
  }
}

}  // namespace mlrun::ops
