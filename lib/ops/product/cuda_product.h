// Matrix products of CUDA kernels: by cuBLASLt (ops/product/product_cublas.cu), and for tests by
// those of the host (tests/emulation/product.cpp).
#pragma once

#include "graph/op.h"
#include "ops/kernel/device_code.h"
#include "ops/product/gemm.h"
#include "ops/product/precision.h"

namespace mlrun::ops {

/// What follows on a product without leaving the registers.
enum class Finish : uint8_t { kNone, kBias, kBiasRelu };

/// Of each copy of a stack: `count` products `shape` (whose pointers are not used) of the matrices
/// at a, b and c, and `step_*` elements further each.
struct Product {
  GemmArgs shape;
  Stacked<const float> a, b;
  Stacked<const uint16_t> half_a, half_b;  ///< instead of a and b, where has_half_operands()
  Stacked<float> c;
  Stacked<uint16_t> half_c;  ///< instead of c, in the same precision as the operands
  int64_t count = 1;
  int64_t step_a = 0, step_b = 0, step_c = 0;
  Precision precision = Precision::kFloat32;
  Finish finish = Finish::kNone;
  Stacked<const float> bias;          ///< (n)
  Stacked<const uint16_t> half_bias;  ///< instead of bias, where half_c is

  bool has_half_operands() const {
    return precision == Precision::kBfloat16 || precision == Precision::kFloat16;
  }
};

/// Whether there is a kernel with this finish, and its relu, if it has one, keeps NaN. A library's
/// may make 0 of it; a net whose weights are lost would then look healthy. May write to c.
bool can_finish(const graph::KernelCall& call, const Product& product);

/// Nothing is empty: m, n, k, count > 0.
void multiply(const graph::KernelCall& call, const Product& product);

}  // namespace mlrun::ops
