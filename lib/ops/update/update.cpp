#include "ops/update/update.h"

#include <fmt/format.h>

namespace mlrun::ops {

int UpdateSettings::slots() const {
  switch (rule) {
    case UpdateRule::kSgd:
      return momentum > 0 ? 1 : 0;
    case UpdateRule::kAdam:
      return amsgrad ? 3 : 2;
    case UpdateRule::kRmsprop:
      return 1 + (momentum > 0 ? 1 : 0) + (centered ? 1 : 0);
    case UpdateRule::kAdagrad:
      return 1;
  }
  return 0;
}

std::vector<TensorType> UpdateOp::infer(std::span<const TensorType> inputs) const {
  if ((inputs.size() - first()) % group() != 0) throw Error("update: operands do not form groups");
  for (size_t i = first(); i < inputs.size(); ++i) {
    const TensorType& parameter = inputs[first() + (i - first()) / group() * group()];
    if (!(inputs[i] == parameter)) {
      throw graph::ShapeError(fmt::format("update: {} beside {}", inputs[i].shape.to_string(),
                                          parameter.shape.to_string()));
    }
  }
  return {};
}

bool UpdateOp::mutates(int input) const {
  const auto at = static_cast<size_t>(input);
  return at >= first() && (at - first()) % group() != 1;
}

graph::Cost UpdateOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                           int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const double per_element = settings_.rule == UpdateRule::kAdam ? 10 : 4;
  cost.flops = cost.bytes / 4 / static_cast<double>(group()) * per_element;
  return cost;
}

}  // namespace mlrun::ops
