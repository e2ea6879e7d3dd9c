#include "ops/image/pooling.h"

#include <algorithm>
#include <memory>

#include "graph/graph.h"

namespace mlrun::ops {

std::vector<TensorType> PoolOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  return {{Shape{x[0], axes_[0].out, axes_[1].out, x.back()}, DType::kFloat32}};
}

void PoolOp::gradient(graph::GradientRule& rule) const {
  rule.input_grads[0] = rule.graph.apply(std::make_shared<PoolGradOp>(kind_, axes_),
                                         {rule.inputs[0], rule.outputs[0], rule.output_grads[0]});
}

graph::Cost PoolOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                         int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  for (const ConvolutionAxis& axis : axes_) {
    cost.flops *= static_cast<double>(std::min(axis.kernel, axis.in));
  }
  return cost;
}

}  // namespace mlrun::ops
