// Stands in for ops/product/product_cublas.cu.
#include "ops/product/cuda_product.h"

#include <bit>
#include <cmath>
#include <vector>

#include "emulation/context.h"
#include "ops/kernel/half_bits.h"

namespace mlrun::ops {
namespace {

float of_bfloat16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

float of_float16(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const auto mantissa = static_cast<float>(bits & 0x3ff);
  float size = std::ldexp(1024 + mantissa, exponent - 25);
  if (exponent == 0) size = std::ldexp(mantissa, -24);
  if (exponent == 31) size = mantissa == 0 ? INFINITY : NAN;
  return bits & 0x8000 ? -size : size;
}

// 10 bits of mantissa behind the first, as the tensor cores read a float.
float of_tfloat32(float x) {
  if (!std::isfinite(x)) return x;
  return std::bit_cast<float>((std::bit_cast<uint32_t>(x) + 0x1000u) & 0xffffe000u);
}

// A matrix of (rows, columns) elements that lie some steps apart.
struct Matrix {
  int64_t rows, columns, row_step, column_step;
};

template <class T, class Convert>
std::vector<float> read(const T* from, const Matrix& x, Convert convert) {
  std::vector<float> values(static_cast<size_t>(x.rows * x.columns));
  float* to = values.data();
  for (int64_t i = 0; i < x.rows; ++i) {
    for (int64_t j = 0; j < x.columns; ++j) {
      *to++ = convert(from[i * x.row_step + j * x.column_step]);
    }
  }
  return values;
}

// An operand of copy k, from its element `first` on, as the product sees it.
std::vector<float> read(const Product& p, const Stacked<const float>& floats,
                        const Stacked<const uint16_t>& halves, int64_t k, int64_t first,
                        const Matrix& x) {
  switch (p.precision) {
    case Precision::kFloat32:
      return read(floats(k) + first, x, [](float v) { return v; });
    case Precision::kTfloat32:
      return read(floats(k) + first, x, of_tfloat32);
    case Precision::kBfloat16:
      return read(halves(k) + first, x, of_bfloat16);
    case Precision::kFloat16:
      return read(halves(k) + first, x, of_float16);
  }
  return {};
}

float bias_of(const Product& p, int64_t k, int64_t j) {
  if (!p.half_c.data) return p.bias(k)[j];
  const uint16_t bits = p.half_bias(k)[j];
  return p.precision == Precision::kBfloat16 ? of_bfloat16(bits) : of_float16(bits);
}

float finished(const Product& p, float sum, int64_t k, int64_t j) {
  switch (p.finish) {
    case Finish::kNone:
      return sum;
    case Finish::kBias:
      return sum + bias_of(p, k, j);
    case Finish::kBiasRelu:
      return sum + bias_of(p, k, j) < 0 ? 0 : sum + bias_of(p, k, j);
  }
  return sum;
}

void write(const Product& p, int64_t k, int64_t at, float y) {
  if (p.half_c.data) {
    p.half_c(k)[at] = half_bits(y, p.precision == Precision::kBfloat16);
  } else {
    p.c(k)[at] = y;
  }
}

void multiply_one(const Product& p, int64_t k, int64_t which) {
  const GemmArgs& s = p.shape;
  const Matrix left{s.m, s.k, s.transpose_a ? 1 : s.lda, s.transpose_a ? s.lda : 1};
  const Matrix right{s.k, s.n, s.transpose_b ? 1 : s.ldb, s.transpose_b ? s.ldb : 1};
  const std::vector<float> a = read(p, p.a, p.half_a, k, which * p.step_a, left);
  const std::vector<float> b = read(p, p.b, p.half_b, k, which * p.step_b, right);
  std::vector<float> sums(static_cast<size_t>(s.m * s.n));
  gemm({.m = s.m,
        .n = s.n,
        .k = s.k,
        .a = a.data(),
        .lda = s.k,
        .b = b.data(),
        .ldb = s.n,
        .c = sums.data(),
        .ldc = s.n});
  for (int64_t i = 0; i < s.m; ++i) {
    for (int64_t j = 0; j < s.n; ++j) {
      const int64_t at = which * p.step_c + i * s.ldc + j;
      const float before = s.accumulate ? p.c(k)[at] : 0;
      const float sum = sums[static_cast<size_t>(i * s.n + j)] + before;
      write(p, k, at, finished(p, sum, k, j));
    }
  }
}

}  // namespace

// Not of all: both ways are tested.
bool can_finish(const graph::KernelCall&, const Product& p) {
  return p.finish == Finish::kBias ? p.shape.m % 4 != 0 : p.shape.n % 2 == 0;
}

void multiply(const graph::KernelCall& call, const Product& p) {
  static_cast<emulation::EmulatedContext&>(call.context).launch([p, stack = call.stack] {
    for (int64_t k = 0; k < stack; ++k) {
      for (int64_t which = 0; which < p.count; ++which) multiply_one(p, k, which);
    }
  });
}

}  // namespace mlrun::ops
