#include "ops/cuda_product.h"
#include "ops/elementwise_program.h"
#include "ops/launch.h"
#include "ops/matmul.h"

namespace mlrun::ops {
namespace {

// What of the epilogue the product does itself: a bias, with or without relu, and nothing else.
Finish finish_of(const EpilogueRun& epilogue, const ElementwiseOp* program, int64_t n) {
  if (!program || program->code().size() != 1 || program->outputs().size() != 1 ||
      epilogue.operands().size() != 2) {
    return Finish::kNone;
  }
  const EwInstruction& one = program->code()[0];
  const Tensor& bias = epilogue.operands()[1];
  const bool adds_bias = one.a != one.b && !bias.shape.has_batch() && bias.elements() == n &&
                         bias.shape.back() == n && epilogue.product().shape.back() == n;
  if (!adds_bias) return Finish::kNone;
  if (one.code == Ew::kAdd) return Finish::kBias;
  return one.code == Ew::kAddRelu ? Finish::kBiasRelu : Finish::kNone;
}

// A sum over nothing.
void fill_zero(const graph::KernelCall& call, const Tensor& x) {
  const auto y = output(x);
  for_each_element(call, x.elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) { y(k)[i] = 0; });
}

}  // namespace

void matmul_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const MatMulOp&>(call.op);
  const EpilogueRun epilogue(call);
  Product product;
  product.shape = product_args(op, call.in[0].shape, call.in[1].shape);
  product.a = input(call.in[0]);
  product.b = input(call.in[1]);
  product.c = output(epilogue.product());
  product.precision = op.precision();
  if (product.shape.m == 0 || product.shape.n == 0) return;
  if (product.shape.k == 0) {
    fill_zero(call, epilogue.product());
  } else {
    product.finish = finish_of(epilogue, op.epilogue(), product.shape.n);
    if (product.finish != Finish::kNone) product.bias = input(epilogue.operands()[1]);
    multiply(call, product);
  }
  if (!epilogue.any() || product.finish != Finish::kNone) return;
  run_elementwise_cuda(call, *op.epilogue(), epilogue.product().shape, epilogue.operands(),
                       call.out);
}

}  // namespace mlrun::ops
