#include "ops/product/grouped_matmul.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/divide.h"
#include "device/cpu_context.h"
#include "graph/graph.h"
#include "ops/product/gemm.h"

namespace mlrun::ops {

std::vector<TensorType> GroupedMatMulOp::infer(std::span<const TensorType> inputs) const {
  const Shape& rows = inputs[0].shape;
  const Shape& kernel = inputs[2].shape;
  if (kernel.rank() != 2 || kernel[0] != rows.back()) {
    throw graph::ShapeError(
        fmt::format("cannot multiply {} by {}", rows.to_string(), kernel.to_string()));
  }
  std::vector<int64_t> dims(rows.dims().begin(), rows.dims().end());
  dims.back() = kernel[1];
  return {{Shape(dims), DType::kFloat32}};
}

void GroupedMatMulOp::gradient(graph::GradientRule& rule) const {
  std::vector<graph::ValueId> inputs = rule.inputs;
  inputs.push_back(rule.output_grads[0]);
  const std::vector<graph::ValueId> grads = rule.graph.apply_multi(
      std::make_shared<GroupedMatMulGradOp>(groups_, bias_), std::move(inputs));
  rule.input_grads[0] = grads[0];
  std::copy(grads.begin() + 1, grads.end(), rule.input_grads.begin() + 2);
}

graph::Cost GroupedMatMulOp::cost(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops *= 2.0 * static_cast<double>(inputs[0].shape.back());
  return cost;
}

std::vector<TensorType> GroupedMatMulGradOp::infer(std::span<const TensorType> inputs) const {
  std::vector<TensorType> outputs(inputs.begin() + 2, inputs.end() - 1);
  outputs.insert(outputs.begin(), inputs[0]);
  return outputs;
}

graph::Cost GroupedMatMulGradOp::cost(std::span<const TensorType> inputs,
                                      std::span<const TensorType> outputs, int64_t batch) const {
  graph::Cost cost = Op::cost(inputs, outputs, batch);
  cost.flops = 4.0 * static_cast<double>(inputs[0].shape.elements(batch)) *
               static_cast<double>(inputs.back().shape.back());
  return cost;
}

namespace {

// Rows that are multiplied at once, within a group.
constexpr int64_t kGroupRows = 128;

int64_t blocks_in(const int32_t* first, int64_t group) {
  return divide_up(first[group + 1] - first[group], kGroupRows);
}

// work(group, begin, end) for blocks of the rows of all groups.
template <class Work>
void for_each_block(const graph::KernelCall& call, int64_t groups, Work work) {
  const int32_t* first = call.in[1].i32();
  int64_t blocks = 0;
  for (int64_t e = 0; e < groups; ++e) blocks += blocks_in(first, e);
  device::parallel_for(device::cpu_team(call.context), blocks, 1, [&](int64_t at, int64_t end) {
    int64_t group = 0;
    int64_t before = 0;
    for (; at < end; ++at) {
      while (at - before >= blocks_in(first, group)) before += blocks_in(first, group++);
      const int64_t row = first[group] + (at - before) * kGroupRows;
      work(group, row, std::min<int64_t>(row + kGroupRows, first[group + 1]));
    }
  });
}

// c (m, n) = a (m, k) op(b).
GemmArgs product(const float* a, int64_t m, int64_t k, const Tensor& b, bool transpose_b,
                 float* c) {
  GemmArgs x;
  x.transpose_b = transpose_b;
  x.m = m;
  x.k = k;
  x.n = b.shape[transpose_b ? 0 : 1];
  x.a = a, x.lda = k;
  x.b = b.f32(), x.ldb = b.shape[1];
  x.c = c, x.ldc = x.n;
  return x;
}

void kernel_gradient(const graph::KernelCall& call, int64_t group, int64_t groups, bool bias) {
  const int32_t* first = call.in[1].i32();
  const Tensor& dkernel = call.out[static_cast<size_t>(1 + group)];
  const int64_t inner = dkernel.shape[0];
  const int64_t outer = dkernel.shape[1];
  const float* dy = call.in.back().f32() + first[group] * outer;
  GemmArgs x;
  x.transpose_a = true;
  x.m = inner, x.n = outer, x.k = first[group + 1] - first[group];
  x.a = call.in[0].f32() + first[group] * inner, x.lda = inner;
  x.b = dy, x.ldb = outer;
  x.c = dkernel.f32(), x.ldc = outer;
  gemm(x);
  if (!bias) return;
  float* dbias = call.out[static_cast<size_t>(1 + groups + group)].f32();
  std::fill_n(dbias, outer, 0.0f);
  for (int64_t i = 0; i < x.k; ++i) {
    for (int64_t j = 0; j < outer; ++j) dbias[j] += dy[i * outer + j];
  }
}

}  // namespace

void grouped_matmul_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const GroupedMatMulOp&>(call.op);
  const int64_t inner = call.in[0].shape.back();
  const int64_t outer = call.out[0].shape.back();
  for_each_block(call, op.groups(), [&](int64_t group, int64_t begin, int64_t end) {
    const Tensor& kernel = call.in[static_cast<size_t>(2 + group)];
    GemmArgs x = product(call.in[0].f32() + begin * inner, end - begin, inner, kernel, false,
                         call.out[0].f32() + begin * outer);
    if (op.bias()) {
      const float* bias = call.in[static_cast<size_t>(2 + op.groups() + group)].f32();
      for (int64_t i = 0; i < x.m; ++i) std::copy_n(bias, outer, x.c + i * outer);
      x.accumulate = true;
    }
    gemm(x);
  });
}

void grouped_matmul_grad_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const GroupedMatMulGradOp&>(call.op);
  const int64_t inner = call.in[0].shape.back();
  const int64_t outer = call.in.back().shape.back();
  for_each_block(call, op.groups(), [&](int64_t group, int64_t begin, int64_t end) {
    gemm(product(call.in.back().f32() + begin * outer, end - begin, outer,
                 call.in[static_cast<size_t>(2 + group)], true, call.out[0].f32() + begin * inner));
  });
  device::parallel_for(device::cpu_team(call.context), op.groups(), 1,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t e = begin; e < end; ++e) {
                           kernel_gradient(call, e, op.groups(), op.bias());
                         }
                       });
}

}  // namespace mlrun::ops
