#include "ops/product/position_matmul.h"

#include <fmt/format.h>

#include "device/cpu_context.h"
#include "graph/graph.h"
#include "ops/product/gemm.h"

namespace mlrun::ops {

std::vector<TensorType> PositionMatMulOp::infer(std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  if (x.rank() != 3 || w.rank() != 3 || x[1] != w[0] || x[2] != w[transpose_w_ ? 2 : 1]) {
    throw graph::ShapeError(
        fmt::format("cannot multiply {} by {} position by position", x.to_string(), w.to_string()));
  }
  return {{Shape{x[0], x[1], w[transpose_w_ ? 1 : 2]}, DType::kFloat32}};
}

void PositionMatMulOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const graph::ValueId dy = rule.output_grads[0];
  if (rule.wanted[0]) {
    rule.input_grads[0] =
        g.apply(std::make_shared<PositionMatMulOp>(!transpose_w_), {dy, rule.inputs[1]});
  }
  if (!rule.wanted[1]) return;
  std::vector<graph::ValueId> operands = {rule.inputs[0], dy};
  if (transpose_w_) std::swap(operands[0], operands[1]);
  rule.input_grads[1] = g.apply(std::make_shared<PositionMatMulWeightGradOp>(), operands);
}

graph::Cost PositionMatMulOp::cost(std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops *= 2.0 * static_cast<double>(inputs[0].shape.back());
  return cost;
}

std::vector<TensorType> PositionMatMulWeightGradOp::infer(
    std::span<const TensorType> inputs) const {
  const Shape& x = inputs[0].shape;
  return {{Shape{x[1], x[2], inputs[1].shape[2]}, DType::kFloat32}};
}

graph::Cost PositionMatMulWeightGradOp::cost(std::span<const TensorType> inputs,
                                             std::span<const TensorType> outputs,
                                             int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops *= 2.0 * static_cast<double>(batch);
  return cost;
}

void position_matmul_cpu(const graph::KernelCall& call) {
  const Shape& x = call.in[0].shape;
  const Shape& w = call.in[1].shape;
  const int64_t units = call.out[0].shape[2];
  GemmArgs all;
  all.transpose_b = static_cast<const PositionMatMulOp&>(call.op).transpose_w();
  all.m = x[0];
  all.n = units;
  all.k = x[2];
  all.lda = x[1] * x[2];
  all.ldb = w[2];
  all.ldc = x[1] * units;
  device::parallel_for(device::cpu_team(call.context), x[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      GemmArgs one = all;
      one.a = call.in[0].f32() + p * x[2];
      one.b = call.in[1].f32() + p * w[1] * w[2];
      one.c = call.out[0].f32() + p * units;
      gemm(one);
    }
  });
}

void position_matmul_weight_grad_cpu(const graph::KernelCall& call) {
  const Shape& x = call.in[0].shape;
  const int64_t units = call.in[1].shape[2];
  GemmArgs all;
  all.transpose_a = true;
  all.m = x[2];
  all.n = units;
  all.k = x[0];
  all.lda = x[1] * x[2];
  all.ldb = x[1] * units;
  all.ldc = units;
  device::parallel_for(device::cpu_team(call.context), x[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      GemmArgs one = all;
      one.a = call.in[0].f32() + p * x[2];
      one.b = call.in[1].f32() + p * units;
      one.c = call.out[0].f32() + p * x[2] * units;
      gemm(one);
    }
  });
}

}  // namespace mlrun::ops
