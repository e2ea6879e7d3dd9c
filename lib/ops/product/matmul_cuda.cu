#include "ops/elementwise/elementwise_program.h"
#include "ops/kernel/device_floats.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/half_bits.h"
#include "ops/kernel/launch.h"
#include "ops/product/cuda_product.h"
#include "ops/product/matmul.h"
#include "ops/product/product_finish.h"

namespace mlrun::ops {
namespace {

// A sum over nothing.
void fill_zero(const graph::KernelCall& call, const Tensor& x) {
  const Numbers y(x);
  for_each_element(call, x.elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) { y.set(k, i, 0); });
}

// Floats that become numbers of 16 bits in the workspace.
struct HalfCopy {
  Stacked<const float> from;
  Stacked<uint16_t> to;
  int64_t count = 0;
  bool aligned = false;

  HalfCopy() = default;
  HalfCopy(const Tensor& x, const Stacked<uint16_t>& place)
      : from(input(x)),
        to(place),
        count(is_half(x.dtype) ? 0 : x.elements()),
        aligned(is_aligned(from)) {}

  // What the product reads.
  Stacked<const uint16_t> operand(const Tensor& x) const {
    if (is_half(x.dtype)) return stacked<const uint16_t>(x);
    return {to.data, to.stride};
  }

  MLRUN_DEVICE void run(int64_t k, int64_t group, bool is_bfloat16) const {
    const int size = size_of_group(count, group);
    const int64_t first = group * kMostFloats;
    const auto values = load_some(from(k) + first, aligned && size == kMostFloats, size);
    Halves<kMostFloats> halves;
    for (int i = 0; i < kMostFloats; ++i) halves.of[i] = half_bits(values.of[i], is_bfloat16);
    if (size == kMostFloats) {
      *reinterpret_cast<Halves<kMostFloats>*>(to(k) + first) = halves;
    } else {
      for (int i = 0; i < kMostFloats; ++i) {
        if (i < size) to(k)[first + i] = halves.of[i];
      }
    }
  }
};

// Those operands that are not yet in 16 bits, in the workspace, by one launch.
void make_half_operands(const graph::KernelCall& call, Product& product, const Tensor& bias) {
  const HalfOperands place = half_operands(product.shape);
  const Stacked<uint16_t> bits = workspace_values<uint16_t>(call, place.count);
  const HalfCopy a(call.in[0], bits);
  const HalfCopy b(call.in[1], behind(bits, place.first_b));
  product.half_a = a.operand(call.in[0]);
  product.half_b = b.operand(call.in[1]);
  HalfCopy c;
  if (product.half_c.data && product.finish != Finish::kNone) {
    c = HalfCopy(bias, behind(bits, place.first_bias));
    product.half_bias = c.operand(bias);
  }
  const int64_t of_a = groups_of(a.count);
  const int64_t of_ab = of_a + groups_of(b.count);
  const bool is_bfloat16 = product.precision == Precision::kBfloat16;
  for_each_element(call, of_ab + groups_of(c.count), [=] MLRUN_KERNEL(int64_t k, int64_t group) {
    if (group < of_a) return a.run(k, group, is_bfloat16);
    group < of_ab ? b.run(k, group - of_a, is_bfloat16) : c.run(k, group - of_ab, is_bfloat16);
  });
}

// What of an epilogue cuBLASLt is to do. Of floats not relu: it brings nothing there (a step
// of 57.1 us beside 56.7), and NaN is safe with our own.
Finish wanted_finish(const EpilogueRun& epilogue, const ElementwiseOp* program,
                     const Product& product) {
  const Finish finish = finish_of(epilogue, program, product.shape.n);
  return finish == Finish::kBiasRelu && !product.half_c.data ? Finish::kNone : finish;
}

// Of a product that is not empty. Returns what of its epilogue it has done.
Finish multiply_operands(const graph::KernelCall& call, Product& product,
                         const EpilogueRun& epilogue) {
  const auto& op = static_cast<const MatMulOp&>(call.op);
  product.finish = wanted_finish(epilogue, op.epilogue(), product);
  const Tensor bias = product.finish == Finish::kNone ? Tensor{} : epilogue.operands()[1];
  product.bias = input(bias);
  if (product.has_half_operands()) make_half_operands(call, product, bias);
  if (product.finish != Finish::kNone && !can_finish(call, product)) product.finish = Finish::kNone;
  multiply(call, product);
  return product.finish;
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
  if (is_half(epilogue.product().dtype)) product.half_c = stacked<uint16_t>(epilogue.product());
  product.precision = op.precision();
  if (product.shape.m == 0 || product.shape.n == 0) return;
  Finish done = Finish::kNone;
  if (product.shape.k == 0) {
    fill_zero(call, epilogue.product());
  } else {
    done = multiply_operands(call, product, epilogue);
  }
  if (!epilogue.any() || done != Finish::kNone) return;
  run_elementwise_cuda(call, *op.epilogue(), epilogue.product().shape, epilogue.operands(),
                       call.out);
}

}  // namespace mlrun::ops
