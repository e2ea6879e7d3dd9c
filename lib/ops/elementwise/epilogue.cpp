#include "ops/elementwise/epilogue.h"

#include <algorithm>

namespace mlrun::ops {
namespace {

int output_over_product(const ElementwiseOp& epilogue) {
  for (size_t o = 0; o < epilogue.outputs().size(); ++o) {
    if (epilogue.may_overwrite(0, static_cast<int>(o))) return static_cast<int>(o);
  }
  return -1;
}

}  // namespace

bool EpilogueOp::can_fuse(const ElementwiseOp& epilogue) {
  return output_over_product(epilogue) >= 0;
}

EpilogueOp::EpilogueOp(std::shared_ptr<const ElementwiseOp> epilogue)
    : epilogue_(std::move(epilogue)) {
  if (epilogue_) product_output_ = output_over_product(*epilogue_);
}

std::vector<TensorType> EpilogueOp::infer(std::span<const TensorType> inputs) const {
  const TensorType result = product(inputs);
  if (!epilogue_) return {result};
  std::vector<TensorType> operands = {result};
  operands.insert(operands.end(), inputs.begin() + 2, inputs.end());
  return epilogue_->infer(operands);
}

std::vector<float> EpilogueOp::varying() const {
  return epilogue_ ? epilogue_->varying() : std::vector<float>();
}

graph::Cost EpilogueOp::cost(std::span<const TensorType> inputs,
                             std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = product_flops(inputs, batch);
  if (epilogue_) {
    cost.flops += static_cast<double>(outputs[0].shape.elements(batch)) *
                  static_cast<double>(epilogue_->code().size());
  }
  return cost;
}

EpilogueRun::EpilogueRun(const graph::KernelCall& call)
    : call_(call),
      op_(static_cast<const EpilogueOp&>(call.op)),
      product_(call.out[static_cast<size_t>(op_.product_output())]) {
  operands_[0] = product_;
  std::copy(call.in.begin() + 2, call.in.end(), operands_.begin() + 1);
}

void EpilogueRun::run(int64_t begin, int64_t end) const {
  run_elementwise_cpu(*op_.epilogue(), product_.shape, operands(), call_.out, begin, end);
}

}  // namespace mlrun::ops
