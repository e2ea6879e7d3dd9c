// Stands in for ops/product_cublas.cu.
#include "ops/cuda_product.h"

#include <bit>

#include "emulation/context.h"

namespace mlrun::ops {
namespace {

// To the nearest even bfloat16, as ops/bfloat16_round.cpp does; numbers only.
float rounded(float x, Precision precision) {
  if (precision != Precision::kBfloat16 || x != x) return x;
  const auto bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u);
}

float finished(const Product& p, float sum, int64_t k, int64_t j) {
  if (p.finish == Finish::kNone) return sum;
  const float y = sum + p.bias(k)[j];
  return p.finish == Finish::kBiasRelu && y < 0 ? 0.0f : y;
}

void multiply_one(const Product& p, int64_t k, int64_t which) {
  const GemmArgs& s = p.shape;
  const float* a = p.a(k) + which * p.step_a;
  const float* b = p.b(k) + which * p.step_b;
  float* c = p.c(k) + which * p.step_c;
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t j = 0; j < s.n; ++j) {
      double sum = 0;
      for (int64_t l = 0; l < s.k; ++l) {
        const float x = s.transpose_a ? a[l * s.lda + i] : a[i * s.lda + l];
        const float y = s.transpose_b ? b[j * s.ldb + l] : b[l * s.ldb + j];
        sum += static_cast<double>(rounded(x, p.precision)) * rounded(y, p.precision);
      }
      c[i * s.ldc + j] = finished(p, static_cast<float>(sum), k, j);
    }
  }
}

}  // namespace

void multiply(const graph::KernelCall& call, const Product& p) {
  static_cast<emulation::EmulatedContext&>(call.context).launch([p, stack = call.stack] {
    for (int64_t k = 0; k < stack; ++k) {
      for (int64_t which = 0; which < p.count; ++which) multiply_one(p, k, which);
    }
  });
}

}  // namespace mlrun::ops
