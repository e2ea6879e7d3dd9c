#include "ops/cuda_product.h"
#include "ops/device_workspace.h"
#include "ops/elementwise_program.h"
#include "ops/half_bits.h"
#include "ops/launch.h"
#include "ops/matmul.h"
#include "ops/product_finish.h"

namespace mlrun::ops {
namespace {

// A sum over nothing.
void fill_zero(const graph::KernelCall& call, const Tensor& x) {
  const Numbers y(x);
  for_each_element(call, x.elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) { y.set(k, i, 0); });
}

// Those operands that are not yet in 16 bits, in the workspace, by one launch.
void make_half_operands(const graph::KernelCall& call, Product& product) {
  const HalfOperands place = half_operands(product.shape);
  const Stacked<uint16_t> bits = workspace_values<uint16_t>(call, place.count);
  const bool has_a = is_half(call.in[0].dtype);
  const bool has_b = is_half(call.in[1].dtype);
  const Stacked<const uint16_t> in_workspace{bits.data, bits.stride};
  product.half_a = has_a ? stacked<const uint16_t>(call.in[0]) : in_workspace;
  product.half_b =
      has_b ? stacked<const uint16_t>(call.in[1]) : behind(in_workspace, place.first_b);
  const auto a = product.a;
  const auto b = product.b;
  const int64_t count_a = has_a ? 0 : product.shape.m * product.shape.k;
  const int64_t count_b = has_b ? 0 : product.shape.k * product.shape.n;
  const int64_t first_b = place.first_b;
  const bool is_bfloat16 = product.precision == Precision::kBfloat16;
  for_each_element(call, count_a + count_b, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const bool of_a = i < count_a;
    const float x = of_a ? a(k)[i] : b(k)[i - count_a];
    bits(k)[of_a ? i : first_b + i - count_a] = half_bits(x, is_bfloat16);
  });
}

}  // namespace

void matmul_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const MatMulOp&>(call.op);
  const EpilogueRun epilogue(call);
  Product product;
  product.shape = product_args(op, call.in[0].shape, call.in[1].shape);
  product.a = input(call.in[0]);
  product.b = input(call.in[1]);
  const bool has_half_result = is_half(epilogue.product().dtype);
  product.c = output(epilogue.product());
  if (has_half_result) product.half_c = stacked<uint16_t>(epilogue.product());
  product.precision = op.precision();
  if (product.shape.m == 0 || product.shape.n == 0) return;
  if (product.shape.k == 0) {
    fill_zero(call, epilogue.product());
  } else {
    if (!has_half_result) product.finish = finish_of(epilogue, op.epilogue(), product.shape.n);
    if (product.finish != Finish::kNone) product.bias = input(epilogue.operands()[1]);
    if (product.has_half_operands()) make_half_operands(call, product);
    multiply(call, product);
  }
  if (!epilogue.any() || product.finish != Finish::kNone) return;
  run_elementwise_cuda(call, *op.epilogue(), epilogue.product().shape, epilogue.operands(),
                       call.out);
}

}  // namespace mlrun::ops
