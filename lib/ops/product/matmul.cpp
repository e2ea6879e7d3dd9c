#include "ops/product/matmul.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/divide.h"

namespace mlrun::ops {

using graph::ShapeError;
using graph::ValueId;

namespace {

GemmArgs args_of(const MatMulOp& op, std::span<const TensorType> inputs, int64_t batch) {
  return product_args(op, inputs[0].shape.with_batch(batch), inputs[1].shape.with_batch(batch));
}

}  // namespace

TensorType MatMulOp::product(std::span<const TensorType> inputs) const {
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  if (a.rank() < 2 || b.rank() < 2) {
    throw ShapeError(fmt::format("a matrix product needs matrices, not {} and {}", a.to_string(),
                                 b.to_string()));
  }
  if (transpose_a_) {
    if (!std::equal(a.dims().begin(), a.dims().end() - 1, b.dims().begin(), b.dims().end() - 1)) {
      throw ShapeError(fmt::format("{} and {} differ in their leading dimensions", a.to_string(),
                                   b.to_string()));
    }
    return {Shape{a.back(), b.back()}, DType::kFloat32};
  }
  const int64_t inner = transpose_b_ ? b[1] : b[0];
  if (b.rank() != 2 || a.back() != inner) {
    throw ShapeError(fmt::format("cannot multiply {} by {}", a.to_string(), b.to_string()));
  }
  std::vector<int64_t> dims(a.dims().begin(), a.dims().end());
  dims.back() = transpose_b_ ? b[0] : b[1];
  return {Shape(dims), DType::kFloat32};
}

void MatMulOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const ValueId a = rule.inputs[0];
  const ValueId b = rule.inputs[1];
  const ValueId dy = rule.output_grads[0];
  const auto multiply = [&](ValueId x, ValueId y, bool transpose_x, bool transpose_y) {
    return g.apply(std::make_shared<MatMulOp>(transpose_x, transpose_y, nullptr, precision_),
                   {x, y});
  };
  if (transpose_a_) {
    // y = a^T b, y (K, M): da = b y'^T, db = a y'.
    if (rule.wanted[0]) rule.input_grads[0] = multiply(b, dy, false, true);
    if (rule.wanted[1]) rule.input_grads[1] = multiply(a, dy, false, false);
    return;
  }
  if (rule.wanted[0]) rule.input_grads[0] = multiply(dy, b, false, !transpose_b_);
  if (rule.wanted[1]) {
    rule.input_grads[1] =
        transpose_b_ ? multiply(dy, a, true, false) : multiply(a, dy, true, false);
  }
}

std::shared_ptr<const MatMulOp> MatMulOp::with(Precision precision) const {
  auto same = std::make_shared<MatMulOp>(*this);
  same->precision_ = precision;
  return same;
}

int64_t MatMulOp::workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  const GemmArgs args = args_of(*this, inputs, batch);
  switch (precision_) {
    case Precision::kFloat32:
    case Precision::kTfloat32:
      return 0;
    case Precision::kBfloat16:
      return bfloat16_workspace(args);
    case Precision::kFloat16:
      return rounded_workspace(args);
  }
  return 0;
}

// Of operands that lie in memory as floats.
int64_t MatMulOp::gpu_workspace_bytes(std::span<const TensorType> inputs, int64_t batch) const {
  const bool rounds = precision_ == Precision::kBfloat16 || precision_ == Precision::kFloat16;
  const GemmArgs args = args_of(*this, inputs, batch);
  return rounds ? half_operands(args).count * static_cast<int64_t>(sizeof(uint16_t)) : 0;
}

// Each begins where cuBLASLt has its fastest kernels.
HalfOperands half_operands(const GemmArgs& x) {
  constexpr int64_t kLine = 128;
  const auto padded = [](int64_t count) { return round_up(count, kLine); };
  const int64_t first_bias = padded(x.m * x.k) + padded(x.k * x.n);
  return {padded(x.m * x.k), first_bias, first_bias + padded(x.n)};
}

double MatMulOp::product_flops(std::span<const TensorType> inputs, int64_t batch) const {
  const int64_t columns = transpose_a_ ? inputs[1].shape.back() : product(inputs).shape.back();
  return 2.0 * static_cast<double>(inputs[0].shape.elements(batch)) * static_cast<double>(columns);
}

}  // namespace mlrun::ops
