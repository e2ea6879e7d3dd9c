// Stands in for ops/image/convolution_cudnn.cu.
#include <algorithm>

#include "emulation/context.h"
#include "ops/image/cuda_convolution.h"

namespace mlrun::ops {
namespace {

using device::ConvolutionPass;
using device::ConvolutionShape;

// Calls term(index in x, index in w, index in y) for every product of the convolution.
template <class Term>
void for_each_term(const ConvolutionShape& s, Term term) {
  const int64_t channels = s.channels / s.groups;
  const int64_t filters = s.filters / s.groups;
  const auto at_tap = [&](int64_t n, int64_t i, int64_t j, int64_t p, int64_t q) {
    const int64_t row = i * s.h.stride + p * s.h.dilation - s.h.padding;
    const int64_t column = j * s.w.stride + q * s.w.dilation - s.w.padding;
    if (row < 0 || row >= s.h.in || column < 0 || column >= s.w.in) return;
    for (int64_t k = 0; k < s.filters; ++k) {
      for (int64_t c = 0; c < channels; ++c) {
        term(((n * s.h.in + row) * s.w.in + column) * s.channels + k / filters * channels + c,
             ((k * s.h.kernel + p) * s.w.kernel + q) * channels + c,
             ((n * s.h.out + i) * s.w.out + j) * s.filters + k);
      }
    }
  };
  for (int64_t pixel = 0; pixel < s.batch * s.h.out * s.w.out; ++pixel) {
    const int64_t line = pixel / s.w.out;
    for (int64_t tap = 0; tap < s.h.kernel * s.w.kernel; ++tap) {
      at_tap(line / s.h.out, line % s.h.out, pixel % s.w.out, tap / s.w.kernel, tap % s.w.kernel);
    }
  }
}

void convolve_one(const ConvolutionShape& s, const float* a, const float* b, float* c) {
  switch (s.pass) {
    case ConvolutionPass::kResult:
      std::fill_n(c, s.batch * s.h.out * s.w.out * s.filters, 0.0f);
      return for_each_term(s, [=](int64_t x, int64_t w, int64_t y) { c[y] += a[x] * b[w]; });
    case ConvolutionPass::kImages:
      std::fill_n(c, s.batch * s.h.in * s.w.in * s.channels, 0.0f);
      return for_each_term(s, [=](int64_t x, int64_t w, int64_t y) { c[x] += a[y] * b[w]; });
    case ConvolutionPass::kFilters:
      std::fill_n(c, s.filters * s.h.kernel * s.w.kernel * (s.channels / s.groups), 0.0f);
      return for_each_term(s, [=](int64_t x, int64_t w, int64_t y) { c[w] += a[x] * b[y]; });
  }
}

}  // namespace

// Half of all, so that the kernels which need no library are tested too.
bool can_convolve(const graph::KernelCall&, const device::ConvolutionShape& shape) {
  return shape.filters / shape.groups % 2 == 1;
}

void convolve(const graph::KernelCall& call, const device::ConvolutionShape& shape,
              const Stacked<const float>& a, const Stacked<const float>& b,
              const Stacked<float>& c) {
  static_cast<emulation::EmulatedContext&>(call.context).launch([=, stack = call.stack] {
    for (int64_t k = 0; k < stack; ++k) convolve_one(shape, a(k), b(k), c(k));
  });
}

}  // namespace mlrun::ops
