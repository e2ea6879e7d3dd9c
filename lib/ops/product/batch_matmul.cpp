#include "ops/product/batch_matmul.h"

#include <fmt/format.h>

#include "device/cpu_context.h"
#include "ops/functions.h"
#include "ops/product/gemm.h"

namespace mlrun::ops {

using graph::ValueId;

std::vector<TensorType> BatchMatMulOp::infer(std::span<const TensorType> inputs) const {
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  const int inner_a = transpose_a_ ? 1 : 2;
  const int inner_b = transpose_b_ ? 2 : 1;
  if (a.rank() != 3 || b.rank() != 3 || a[0] != b[0] || a[inner_a] != b[inner_b]) {
    throw graph::ShapeError(
        fmt::format("cannot multiply {} by {} sample by sample", a.to_string(), b.to_string()));
  }
  return {{Shape{a[0], a[3 - inner_a], b[3 - inner_b]}, DType::kFloat32}};
}

void BatchMatMulOp::gradient(graph::GradientRule& rule) const {
  graph::Graph& g = rule.graph;
  const ValueId a = rule.inputs[0];
  const ValueId b = rule.inputs[1];
  const ValueId dy = rule.output_grads[0];
  // y = A B: dA = dy B', dB = A' dy; what is stored transposed gets the transpose.
  if (rule.wanted[0]) {
    rule.input_grads[0] = transpose_a_ ? batch_matmul(g, b, dy, transpose_b_, true)
                                       : batch_matmul(g, dy, b, false, !transpose_b_);
  }
  if (rule.wanted[1]) {
    rule.input_grads[1] = transpose_b_ ? batch_matmul(g, dy, a, true, transpose_a_)
                                       : batch_matmul(g, a, dy, !transpose_a_, false);
  }
}

graph::Cost BatchMatMulOp::cost(std::span<const TensorType> inputs,
                                std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops *= 2.0 * static_cast<double>(inputs[0].shape[transpose_a_ ? 1 : 2]);
  return cost;
}

void batch_matmul_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const BatchMatMulOp&>(call.op);
  const Shape& a = call.in[0].shape;
  const Shape& b = call.in[1].shape;
  const Shape& c = call.out[0].shape;
  GemmArgs all;
  all.transpose_a = op.transpose_a();
  all.transpose_b = op.transpose_b();
  all.m = c[1];
  all.n = c[2];
  all.k = a[op.transpose_a() ? 1 : 2];
  all.lda = a[2];
  all.ldb = b[2];
  all.ldc = c[2];
  device::parallel_for(device::cpu_team(call.context), c[0], 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      GemmArgs x = all;
      x.a = call.in[0].f32() + i * a[1] * a[2];
      x.b = call.in[1].f32() + i * b[1] * b[2];
      x.c = call.out[0].f32() + i * c[1] * c[2];
      gemm(x);
    }
  });
}

}  // namespace mlrun::ops
