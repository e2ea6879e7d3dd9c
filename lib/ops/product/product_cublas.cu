#include <algorithm>
#include <cstddef>

#include "device/cuda_context.h"
#include "ops/product/cuda_product.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kHalf = sizeof(uint16_t);
// Of one call: cuBLASLt need not have kernels for 2^16 products and more.
constexpr int64_t kMostProducts = int64_t{1} << 15;

device::ProductPrecision precision_of(Precision precision) {
  switch (precision) {
    case Precision::kFloat32:
      return device::ProductPrecision::kFloat32;
    case Precision::kTfloat32:
      return device::ProductPrecision::kTfloat32;
    case Precision::kBfloat16:
      return device::ProductPrecision::kBfloat16;
    case Precision::kFloat16:
      return device::ProductPrecision::kFloat16;
  }
  return device::ProductPrecision::kFloat32;
}

device::ProductEpilogue epilogue_of(Finish finish) {
  switch (finish) {
    case Finish::kNone:
      return device::ProductEpilogue::kNone;
    case Finish::kBias:
      return device::ProductEpilogue::kBias;
    case Finish::kBiasRelu:
      return device::ProductEpilogue::kBiasRelu;
  }
  return device::ProductEpilogue::kNone;
}

device::ProductShape shape_of(const Product& p) {
  device::ProductShape x;
  x.transpose_a = p.shape.transpose_a;
  x.transpose_b = p.shape.transpose_b;
  x.m = p.shape.m, x.n = p.shape.n, x.k = p.shape.k;
  x.lda = p.shape.lda, x.ldb = p.shape.ldb, x.ldc = p.shape.ldc;
  x.precision = precision_of(p.precision);
  x.epilogue = epilogue_of(p.finish);
  x.half_result = p.half_c.data != nullptr;
  x.accumulate = p.shape.accumulate;
  return x;
}

// Operand a or b of copy k, and how far the next copy's is, in elements.
struct Operand {
  const void* data;
  int64_t stride;
};

Operand operand_of(const Product& p, const Stacked<const float>& floats,
                   const Stacked<const uint16_t>& halves, int64_t k = 0) {
  if (p.has_half_operands()) return {halves(k), halves.stride / kHalf};
  return {floats(k), floats.stride / kFloat};
}

void* result_of(const Product& p, int64_t k = 0) {
  return p.half_c.data ? static_cast<void*>(p.half_c(k)) : p.c(k);
}

const void* bias_of(const Product& p, int64_t k = 0) {
  return p.half_c.data ? static_cast<const void*>(p.half_bias(k)) : p.bias(k);
}

// What the library is told at once, and with what.
struct Call {
  device::ProductShape shape;
  device::ProductOperands operands;
};

// The copies of a stack as one batch.
Call stack_of(const graph::KernelCall& call, const Product& p) {
  Call one{shape_of(p), {}};
  const Operand a = operand_of(p, p.a, p.half_a);
  const Operand b = operand_of(p, p.b, p.half_b);
  device::ProductShape& x = one.shape;
  x.count = call.stack;
  x.stride_a = a.stride;
  x.stride_b = b.stride;
  x.stride_c = x.half_result ? p.half_c.stride / kHalf : p.c.stride / kFloat;
  x.stride_bias = x.half_result ? p.half_bias.stride / kHalf : p.bias.stride / kFloat;
  one.operands = {a.data, b.data, result_of(p), bias_of(p)};
  return one;
}

// Of copy k, a batch itself, the products from `first` on, as many as one call takes.
Call batch_of(const Product& p, int64_t k, int64_t first) {
  Call one{shape_of(p), {}};
  one.shape.count = std::min(p.count - first, kMostProducts);
  one.shape.stride_a = p.step_a, one.shape.stride_b = p.step_b, one.shape.stride_c = p.step_c;
  const int64_t in = first * (p.has_half_operands() ? kHalf : kFloat);
  const int64_t out = first * (one.shape.half_result ? kHalf : kFloat);
  const auto* a = static_cast<const std::byte*>(operand_of(p, p.a, p.half_a, k).data);
  const auto* b = static_cast<const std::byte*>(operand_of(p, p.b, p.half_b, k).data);
  auto* c = static_cast<std::byte*>(result_of(p, k));
  one.operands = {a + in * p.step_a, b + in * p.step_b, c + out * p.step_c, bias_of(p, k)};
  return one;
}

device::CudaContext& context_of(const graph::KernelCall& call) {
  return static_cast<device::CudaContext&>(call.context);
}

}  // namespace

bool can_finish(const graph::KernelCall& call, const Product& p) {
  const Call one = p.count == 1 ? stack_of(call, p) : batch_of(p, 0, 0);
  return context_of(call).can_finish(one.shape, one.operands);
}

void multiply(const graph::KernelCall& call, const Product& p) {
  if (p.count == 1) {
    const Call one = stack_of(call, p);
    return context_of(call).multiply(one.shape, one.operands);
  }
  for (int64_t k = 0; k < call.stack; ++k) {
    for (int64_t first = 0; first < p.count; first += kMostProducts) {
      const Call one = batch_of(p, k, first);
      context_of(call).multiply(one.shape, one.operands);
    }
  }
}

}  // namespace mlrun::ops
