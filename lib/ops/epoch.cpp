#include "ops/epoch.h"

#include <fmt/format.h>

namespace mlrun::ops {
namespace {

const TensorType kStep{Shape{1}, DType::kInt32};

void require(bool fits, std::string_view op, std::span<const TensorType> inputs) {
  if (fits) return;
  std::string shapes;
  for (const TensorType& input : inputs) shapes += " " + input.shape.to_string();
  throw graph::ShapeError(fmt::format("{}: operands{}", op, shapes));
}

}  // namespace

std::vector<TensorType> NextStepOp::infer(std::span<const TensorType> inputs) const {
  require(inputs.size() == 1 && inputs[0] == kStep, name(), inputs);
  return {kStep};
}

std::vector<TensorType> BatchRowsOp::infer(std::span<const TensorType> inputs) const {
  require(inputs.size() == 2 && inputs[0] == kStep && inputs[1].dtype == DType::kInt32 &&
              inputs[1].shape.rank() == 1,
          name(), inputs);
  return {{Shape{kBatch}, DType::kInt32}};
}

std::vector<TensorType> GatherOp::infer(std::span<const TensorType> inputs) const {
  require(inputs.size() == 2 && inputs[0].shape.rank() >= 1 && !inputs[0].shape.has_batch() &&
              inputs[1].dtype == DType::kInt32 && inputs[1].shape.rank() == 1,
          name(), inputs);
  std::vector<int64_t> dims(inputs[0].shape.dims().begin(), inputs[0].shape.dims().end());
  dims[0] = inputs[1].shape[0];
  return {{Shape(dims), inputs[0].dtype}};
}

std::vector<TensorType> StoreBatchOp::infer(std::span<const TensorType> inputs) const {
  require(inputs.size() == 3 && inputs[0].shape.has_batch() && inputs[1] == kStep &&
              inputs[2].shape.rank() >= 1 &&
              inputs[0].shape.elements(1) * inputs[2].shape[0] == inputs[2].shape.elements(),
          name(), inputs);
  return {};
}

std::vector<TensorType> AccumulateOp::infer(std::span<const TensorType> inputs) const {
  bool fits = inputs.size() >= 3 && inputs[1].shape.has_batch();
  for (size_t i = 2; i < inputs.size(); ++i) fits = fits && inputs[i].shape.elements(1) == 1;
  const int64_t end = 1 + first_ + static_cast<int64_t>(inputs.size()) - 2;
  require(fits && inputs[0].shape.elements(1) >= kSumWords * end, name(), inputs);
  return {};
}

}  // namespace mlrun::ops
