#include "ops/image/convolution.h"

#include "ops/elementwise/elementwise_program.h"
#include "ops/image/convolution_way.h"
#include "ops/image/cuda_convolution.h"
#include "ops/product/product_finish.h"

namespace mlrun::ops {
namespace {

using device::ConvolutionPass;

bool is_done_by_library(const graph::KernelCall& call, const Convolution& convolution,
                        const Stacked<const float>& a, const Stacked<const float>& b,
                        const Stacked<float>& c) {
  return convolves_by_library(convolution.may_use_tf32) &&
         convolve_by_library(call, convolution, a, b, c);
}

// What the patches' product does of the epilogue: a bias of each of its columns.
Stacked<const float> bias_of(const Convolution& convolution, const EpilogueRun& epilogue,
                             const ElementwiseOp* program) {
  const bool is_one_product =
      convolution.pass == ConvolutionPass::kResult && convolution.geometry.groups == 1;
  const bool adds_bias =
      is_one_product && finish_of(epilogue, program, convolution.filters[3]) == Finish::kBias;
  return adds_bias ? input(epilogue.operands()[1]) : Stacked<const float>{};
}

}  // namespace

void convolution_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionOp&>(call.op);
  const EpilogueRun epilogue(call);
  const Tensor& product = epilogue.product();
  const auto x = input(call.in[0]);
  const auto w = input(call.in[1]);
  const auto y = output(product);
  const Convolution convolution{
      op.transposed() ? ConvolutionPass::kImages : ConvolutionPass::kResult, op.geometry(),
      op.transposed() ? product.shape : call.in[0].shape, call.in[1].shape, op.may_use_tf32()};
  if (!is_done_by_library(call, convolution, x, w, y)) {
    const auto bias = bias_of(convolution, epilogue, op.epilogue());
    convolve_by_patches(call, convolution, x, w, y, bias);
    if (bias.data) return;
  }
  if (!epilogue.any()) return;
  run_elementwise_cuda(call, *op.epilogue(), product.shape, epilogue.operands(), call.out);
}

void convolution_weight_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(call.op);
  const auto x = input(call.in[0]);
  const auto dy = input(call.in[1]);
  const auto dw = output(call.out[0]);
  const Convolution convolution{ConvolutionPass::kFilters, op.geometry(), call.in[0].shape,
                                call.out[0].shape, op.may_use_tf32()};
  if (is_done_by_library(call, convolution, x, dy, dw)) return;
  convolve_by_patches(call, convolution, x, dy, dw);
}

}  // namespace mlrun::ops
