#include <algorithm>
#include <array>

#include "device/cpu_context.h"
#include "ops/gemm.h"
#include "ops/matmul.h"

namespace mlrun::ops {
namespace {

// Below this many multiply-adds a second thread costs more than it brings.
constexpr int64_t kParallelWork = 1 << 18;
// Rows of the result that the epilogue finds still in the level-2 cache.
constexpr int64_t kEpilogueBytes = 256 * 1024;

struct Product {
  GemmArgs gemm;           ///< of the whole product
  int64_t a_row_step = 0;  ///< floats from one row of op(a) to the next
};

Product whole_product(const MatMulOp& op, const Tensor& a, const Tensor& b, float* c) {
  const int64_t columns = a.shape.back();
  const int64_t rows = columns == 0 ? 0 : a.elements() / columns;
  Product p;
  p.gemm = {op.transpose_a(), op.transpose_b(), rows, b.shape.back(), columns, a.f32(),
            columns,          b.f32(),          c};
  if (op.transpose_a()) std::swap(p.gemm.m, p.gemm.k);
  if (op.transpose_b()) p.gemm.n = b.shape[0];
  p.a_row_step = op.transpose_a() ? 1 : columns;
  return p;
}

void run_rows(const Product& whole, int64_t begin, int64_t end) {
  GemmArgs block = whole.gemm;
  block.m = end - begin;
  block.a += begin * whole.a_row_step;
  block.c += begin * block.n;
  gemm(block);
}

}  // namespace

void matmul_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const MatMulOp&>(call.op);
  const Tensor& product = call.out[static_cast<size_t>(op.product_output())];
  const Product whole = whole_product(op, call.in[0], call.in[1], product.f32());
  const int64_t work_per_row = std::max<int64_t>(whole.gemm.n * whole.gemm.k, 1);
  const int64_t grain = std::max<int64_t>(kParallelWork / work_per_row, 1);
  std::array<Tensor, ElementwiseOp::kMaxRegisters> operands;
  operands[0] = product;
  std::copy(call.in.begin() + 2, call.in.end(), operands.begin() + 1);
  const std::span<const Tensor> program_in(operands.data(), call.in.size() - 1);
  const int64_t n = whole.gemm.n;
  const int64_t block = op.epilogue()
                            ? std::max<int64_t>(192, kEpilogueBytes / (4 * std::max<int64_t>(n, 1)))
                            : whole.gemm.m;
  device::parallel_for(device::cpu_team(call.context), whole.gemm.m, grain,
                       [&](int64_t begin, int64_t end) {
                         for (int64_t at = begin; at < end; at += block) {
                           const int64_t stop = std::min(end, at + block);
                           run_rows(whole, at, stop);
                           if (op.epilogue()) {
                             run_elementwise_cpu(*op.epilogue(), product.shape, program_in,
                                                 call.out, at * n, stop * n);
                           }
                         }
                       });
}

}  // namespace mlrun::ops
