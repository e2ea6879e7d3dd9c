// Stands in for ops/product_cublas.cu.
#include "ops/cuda_product.h"

#include <algorithm>
#include <bit>
#include <vector>

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
  std::vector<float> right(static_cast<size_t>(s.k * s.n));
  for (int64_t l = 0; l < s.k; ++l) {
    for (int64_t j = 0; j < s.n; ++j) {
      const float y = s.transpose_b ? b[j * s.ldb + l] : b[l * s.ldb + j];
      right[static_cast<size_t>(l * s.n + j)] = rounded(y, p.precision);
    }
  }
  std::vector<double> sums(static_cast<size_t>(s.n));
  for (int64_t i = 0; i < s.m; ++i) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (int64_t l = 0; l < s.k; ++l) {
      const double x = rounded(s.transpose_a ? a[l * s.lda + i] : a[i * s.lda + l], p.precision);
      const float* row = &right[static_cast<size_t>(l * s.n)];
      for (int64_t j = 0; j < s.n; ++j) sums[static_cast<size_t>(j)] += x * row[j];
    }
    for (int64_t j = 0; j < s.n; ++j) {
      c[i * s.ldc + j] = finished(p, static_cast<float>(sums[static_cast<size_t>(j)]), k, j);
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
