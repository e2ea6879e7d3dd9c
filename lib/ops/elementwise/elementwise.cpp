#include "ops/elementwise/elementwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/functions.h"

namespace mlrun::ops {

using graph::GradientRule;
using graph::kNoValue;
using graph::ShapeError;
using graph::ValueId;

Spread spread_of(const Shape& out, const TensorType& operand) {
  if (operand.dtype == DType::kUint32) return Spread::kRandomState;
  const Shape& shape = operand.shape;
  if (shape == out) return Spread::kSame;
  if (!shape.has_batch() && shape.elements() == 1) return Spread::kScalar;
  const bool suffix = shape.rank() <= out.rank() &&
                      std::equal(shape.dims().rbegin(), shape.dims().rend(), out.dims().rbegin());
  if (suffix && !shape.has_batch()) return Spread::kRow;
  int matched = 0;
  while (matched < std::min(shape.rank(), out.rank()) && shape[matched] == out[matched]) ++matched;
  bool ones = matched > 0;
  for (int axis = matched; axis < shape.rank(); ++axis) ones = ones && shape[axis] == 1;
  if (ones) return Spread::kColumn;
  throw ShapeError(
      fmt::format("shapes {} and {} do not fit together", out.to_string(), shape.to_string()));
}

Shape common_shape(std::span<const TensorType> operands) {
  Shape widest;
  int64_t most = -1;
  for (const TensorType& type : operands) {
    if (type.dtype == DType::kUint32) continue;
    const int64_t size = type.shape.elements(1 << 20) * 8 + type.shape.rank();
    if (size > most) widest = type.shape;
    most = std::max(most, size);
  }
  return widest;
}

ElementwiseOp::ElementwiseOp(int inputs, std::vector<EwInstruction> code,
                             std::vector<uint8_t> outputs)
    : inputs_(inputs), registers_(inputs), code_(std::move(code)), outputs_(std::move(outputs)) {
  for (const EwInstruction& one : code_) registers_ = std::max(registers_, one.out + 1);
}

std::vector<TensorType> ElementwiseOp::infer(std::span<const TensorType> inputs) const {
  const Shape shape = common_shape(inputs);
  for (const TensorType& type : inputs) spread_of(shape, type);
  return std::vector<TensorType>(outputs_.size(), TensorType{shape, DType::kFloat32});
}

// Safe when the input is read for the last time no later than the output is written, tile by tile.
bool ElementwiseOp::may_overwrite(int input, int output) const {
  size_t last_read = 0;
  size_t write = code_.size();
  for (size_t i = 0; i < code_.size(); ++i) {
    if (code_[i].a == input || code_[i].b == input) last_read = i;
    if (code_[i].out == outputs_[static_cast<size_t>(output)]) write = std::min(write, i);
  }
  return last_read <= write;
}

std::vector<float> ElementwiseOp::varying() const {
  std::vector<float> constants;
  for (const EwInstruction& one : code_) constants.push_back(one.c);
  return constants;
}

graph::Cost ElementwiseOp::cost(std::span<const TensorType> inputs,
                                std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops =
      static_cast<double>(outputs[0].shape.elements(batch)) * static_cast<double>(code_.size());
  return cost;
}

namespace {

// d y / d a * dy and d y / d b * dy of one instruction, before reduction to the operand's shape.
ValueId gradient_a(const EwInstruction& op, const GradientRule& rule, ValueId dy) {
  graph::Graph& g = rule.graph;
  const ValueId a = rule.inputs[0];
  const ValueId b = rule.inputs.size() > 1 ? rule.inputs[1] : kNoValue;
  const ValueId y = rule.outputs[0];
  const float two_over_root_pi = 2.0f * std::numbers::inv_sqrtpi_v<float>;
  switch (op.code) {
    case Ew::kAdd:
    case Ew::kSub:
    case Ew::kOffset:
      return dy;
    case Ew::kMul:
      return mul(g, dy, b);
    case Ew::kDiv:
      return div(g, dy, b);
    case Ew::kMaximum:
      return mul(g, dy, binary(g, Ew::kGreaterEqual, a, b));
    case Ew::kMinimum:
      return mul(g, dy, binary(g, Ew::kGreaterEqual, b, a));
    case Ew::kNegate:
      return unary(g, Ew::kNegate, dy);
    case Ew::kExp:
      return mul(g, dy, y);
    case Ew::kLog:
      return div(g, dy, a);
    case Ew::kSqrt:
      return scale(g, div(g, dy, y), 0.5f);
    case Ew::kSquare:
      return scale(g, mul(g, dy, a), 2.0f);
    case Ew::kAbs:
      return mul(g, dy, unary(g, Ew::kSign, a));
    case Ew::kReciprocal:
      return unary(g, Ew::kNegate, mul(g, dy, unary(g, Ew::kSquare, y)));
    case Ew::kErf: {
      const ValueId bell = unary(g, Ew::kExp, unary(g, Ew::kNegate, unary(g, Ew::kSquare, a)));
      return scale(g, mul(g, dy, bell), two_over_root_pi);
    }
    case Ew::kRelu:
      return binary(g, Ew::kReluGrad, y, dy);
    case Ew::kSigmoid:
      return binary(g, Ew::kSigmoidGrad, y, dy);
    case Ew::kTanh:
      return binary(g, Ew::kTanhGrad, y, dy);
    case Ew::kSoftplus:
      return mul(g, dy, unary(g, Ew::kSigmoid, a));
    case Ew::kSoftsign:
      return binary(g, Ew::kSoftsignGrad, a, dy);
    case Ew::kGelu:
      return binary(g, Ew::kGeluGrad, a, dy);
    case Ew::kScale:
      return scale(g, dy, op.c);
    case Ew::kMaximumC:
      return mul(g, dy, unary(g, Ew::kGreaterC, a, op.c));
    case Ew::kMinimumC:
      return sub(g, dy, mul(g, dy, unary(g, Ew::kGreaterC, a, op.c)));
    case Ew::kLeakyRelu:
      return binary(g, Ew::kLeakyReluGrad, a, dy, op.c);
    case Ew::kElu:
      return binary(g, Ew::kEluGrad, y, dy, op.c);
    case Ew::kHardSigmoid:
      return binary(g, Ew::kHardSigmoidGrad, y, dy);
    case Ew::kDropout:
      return dropout(g, dy, b, op.c, op.salt);
    case Ew::kNormal:
    case Ew::kUniform:
      return dy;
    // The second derivatives. Those of piecewise linear functions are zero almost everywhere.
    case Ew::kSigmoidGrad:
      return mul(g, dy, mul(g, b, offset(g, scale(g, a, -2), 1)));
    case Ew::kTanhGrad:
      return mul(g, dy, mul(g, b, scale(g, a, -2)));
    case Ew::kSoftsignGrad: {
      const ValueId rest = mul(g, y, unary(g, Ew::kSign, a));
      return mul(g, dy, scale(g, div(g, rest, offset(g, unary(g, Ew::kAbs, a), 1)), -2));
    }
    case Ew::kEluGrad:
      return mul(g, dy, mul(g, b, unary(g, Ew::kGreaterC, unary(g, Ew::kNegate, a), 0)));
    case Ew::kGeluGrad:
      throw Error("gelu has no second derivative here; use another activation, such as elu");
    case Ew::kAddRelu:
      throw Error("fused programs have no gradient: fuse after differentiating");
    case Ew::kReluGrad:
    case Ew::kLeakyReluGrad:
    case Ew::kHardSigmoidGrad:
    case Ew::kSign:
    case Ew::kGreaterC:
    case Ew::kGreaterEqual:
    case Ew::kBroadcast:
      return kNoValue;
  }
  return kNoValue;
}

ValueId gradient_b(const EwInstruction& op, const GradientRule& rule, ValueId dy) {
  graph::Graph& g = rule.graph;
  const ValueId a = rule.inputs[0];
  const ValueId b = rule.inputs[1];
  switch (op.code) {
    case Ew::kAdd:
    case Ew::kBroadcast:
      return dy;
    case Ew::kSub:
      return unary(g, Ew::kNegate, dy);
    case Ew::kMul:
      return mul(g, dy, a);
    case Ew::kDiv:
      return unary(g, Ew::kNegate, div(g, mul(g, dy, rule.outputs[0]), b));
    case Ew::kMaximum: {
      return sub(g, dy, mul(g, dy, binary(g, Ew::kGreaterEqual, a, b)));
    }
    case Ew::kMinimum: {
      return sub(g, dy, mul(g, dy, binary(g, Ew::kGreaterEqual, b, a)));
    }
    case Ew::kReluGrad:
    case Ew::kSigmoidGrad:
    case Ew::kTanhGrad:
    case Ew::kSoftsignGrad:
    case Ew::kGeluGrad:
    case Ew::kLeakyReluGrad:
    case Ew::kEluGrad:
    case Ew::kHardSigmoidGrad:
      return binary(g, op.code, a, dy, op.c);
    default:
      return kNoValue;  // kGreaterEqual; unary codes have no b
  }
}

}  // namespace

void ElementwiseOp::gradient(GradientRule& rule) const {
  if (code_.size() != 1) throw Error("fused programs have no gradient: fuse after differentiating");
  const EwInstruction& op = code_[0];
  const ValueId dy = rule.output_grads[0];
  for (size_t i = 0; i < rule.inputs.size(); ++i) {
    if (!rule.wanted[i]) continue;
    // a * a: one input in both operands.
    ValueId grad = op.a == i ? gradient_a(op, rule, dy) : gradient_b(op, rule, dy);
    if (grad == kNoValue) continue;
    rule.input_grads[i] = reduce_to(rule.graph, grad, rule.graph.shape(rule.inputs[i]));
  }
}

}  // namespace mlrun::ops
