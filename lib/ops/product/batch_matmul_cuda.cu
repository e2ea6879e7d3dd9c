#include "ops/kernel/launch.h"
#include "ops/product/batch_matmul.h"
#include "ops/product/cuda_product.h"

namespace mlrun::ops {
namespace {

Product product_of(const graph::KernelCall& call) {
  const auto& op = static_cast<const BatchMatMulOp&>(call.op);
  const Shape& a = call.in[0].shape;
  const Shape& b = call.in[1].shape;
  const Shape& c = call.out[0].shape;
  Product p;
  p.shape.transpose_a = op.transpose_a();
  p.shape.transpose_b = op.transpose_b();
  p.shape.m = c[1], p.shape.n = c[2], p.shape.k = a[op.transpose_a() ? 1 : 2];
  p.shape.lda = a[2], p.shape.ldb = b[2], p.shape.ldc = c[2];
  p.a = input(call.in[0]);
  p.b = input(call.in[1]);
  p.c = output(call.out[0]);
  p.count = c[0];
  p.step_a = a[1] * a[2], p.step_b = b[1] * b[2], p.step_c = c[1] * c[2];
  return p;
}

}  // namespace

void batch_matmul_cuda(const graph::KernelCall& call) {
  const Product product = product_of(call);
  if (call.out[0].elements() == 0) return;
  if (product.shape.k > 0) return multiply(call, product);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(),
                   [=] MLRUN_KERNEL(int64_t k, int64_t i) { y(k)[i] = 0; });
}

}  // namespace mlrun::ops
