#include "device/cuda_context.h"
#include "ops/cuda_product.h"

namespace mlrun::ops {
namespace {

constexpr int64_t kFloat = sizeof(float);
constexpr int64_t kHalf = sizeof(uint16_t);

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

}  // namespace

// The copies of a stack are one batch, or, where a copy is a batch itself, one call each.
void multiply(const graph::KernelCall& call, const Product& p) {
  auto& context = static_cast<device::CudaContext&>(call.context);
  device::ProductShape x = shape_of(p);
  if (p.count == 1) {
    const Operand a = operand_of(p, p.a, p.half_a);
    const Operand b = operand_of(p, p.b, p.half_b);
    x.count = call.stack;
    x.stride_a = a.stride;
    x.stride_b = b.stride;
    x.stride_c = x.half_result ? p.half_c.stride / kHalf : p.c.stride / kFloat;
    x.stride_bias = p.bias.stride / kFloat;
    return context.multiply(x, {a.data, b.data, result_of(p), p.bias.data});
  }
  x.count = p.count;
  x.stride_a = p.step_a, x.stride_b = p.step_b, x.stride_c = p.step_c;
  for (int64_t k = 0; k < call.stack; ++k) {
    context.multiply(x, {operand_of(p, p.a, p.half_a, k).data, operand_of(p, p.b, p.half_b, k).data,
                         result_of(p, k), p.bias(k)});
  }
}

}  // namespace mlrun::ops
