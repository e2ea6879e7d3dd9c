#include "ops/kernel/launch.h"
#include "ops/product/cuda_product.h"
#include "ops/product/position_matmul.h"

namespace mlrun::ops {
namespace {

// Of nothing the sum is 0.
void multiply_or_clear(const graph::KernelCall& call, Product& product) {
  product.a = input(call.in[0]);
  product.b = input(call.in[1]);
  product.c = output(call.out[0]);
  const int64_t elements = call.out[0].elements();
  if (elements == 0) return;
  if (product.shape.k > 0) return multiply(call, product);
  const auto y = product.c;
  for_each_element(call, elements, [=] MLRUN_KERNEL(int64_t k, int64_t i) { y(k)[i] = 0; });
}

}  // namespace

// One product for each position, of rows that are P apart.
void position_matmul_cuda(const graph::KernelCall& call) {
  const Shape& x = call.in[0].shape;
  const Shape& w = call.in[1].shape;
  const int64_t units = call.out[0].shape[2];
  Product p;
  p.shape.transpose_b = static_cast<const PositionMatMulOp&>(call.op).transpose_w();
  p.shape.m = x[0], p.shape.n = units, p.shape.k = x[2];
  p.shape.lda = x[1] * x[2], p.shape.ldb = w[2], p.shape.ldc = x[1] * units;
  p.count = x[1];
  p.step_a = x[2], p.step_b = w[1] * w[2], p.step_c = units;
  multiply_or_clear(call, p);
}

void position_matmul_weight_grad_cuda(const graph::KernelCall& call) {
  const Shape& x = call.in[0].shape;
  const int64_t units = call.in[1].shape[2];
  Product p;
  p.shape.transpose_a = true;
  p.shape.m = x[2], p.shape.n = units, p.shape.k = x[0];
  p.shape.lda = x[1] * x[2], p.shape.ldb = x[1] * units, p.shape.ldc = units;
  p.count = x[1];
  p.step_a = x[2], p.step_b = units, p.step_c = x[2] * units;
  multiply_or_clear(call, p);
}

}  // namespace mlrun::ops
