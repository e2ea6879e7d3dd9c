#include "ops/update.h"

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
  const size_t group = 2 + static_cast<size_t>(settings_.slots());
  if ((inputs.size() - 1) % group != 0) throw Error("update: operands do not form groups");
  for (size_t i = 1; i < inputs.size(); ++i) {
    const TensorType& parameter = inputs[1 + (i - 1) / group * group];
    if (!(inputs[i] == parameter)) {
      throw graph::ShapeError(fmt::format("update: {} beside {}", inputs[i].shape.to_string(),
                                          parameter.shape.to_string()));
    }
  }
  return {};
}

bool UpdateOp::mutates(int input) const {
  const int in_group = (input - 1) % (2 + settings_.slots());
  return input > 0 && in_group != 1;
}

graph::Cost UpdateOp::cost(std::span<const TensorType> inputs, std::span<const TensorType> outputs,
                           int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  const double per_element = settings_.rule == UpdateRule::kAdam ? 10 : 4;
  cost.flops = cost.bytes / 4 / (2 + settings_.slots()) * per_element;
  return cost;
}

}  // namespace mlrun::ops
