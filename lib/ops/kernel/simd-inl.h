// The portable SIMD layer of the CPU kernels: loops over float arrays with tails, and the
// mathematical functions, with NaN and infinity kept as IEEE 754 has them.
//
// Included once per instruction set by files that use foreach_target.h; hence no include guard in
// the ordinary sense.
#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#if defined(MLRUN_OPS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MLRUN_OPS_SIMD_INL_H_
#undef MLRUN_OPS_SIMD_INL_H_
#else
#define MLRUN_OPS_SIMD_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;
using Vec = hn::Vec<Float>;

inline constexpr size_t kMaxLanes = 16;

/// A vector from the first n < Lanes elements of p, zero behind them. Touches no others.
HWY_INLINE Vec load_part(const float* p, size_t n) {
#if HWY_TARGET <= HWY_AVX2  // has loads and stores under a mask
  return hn::MaskedLoad(hn::FirstN(Float(), n), Float(), p);
#else
  alignas(64) float lanes[kMaxLanes] = {};
  std::memcpy(lanes, p, n * sizeof(float));
  return hn::Load(Float(), lanes);
#endif
}

HWY_INLINE void store_part(Vec v, float* p, size_t n) {
#if HWY_TARGET <= HWY_AVX2
  hn::BlendedStore(v, hn::FirstN(Float(), n), Float(), p);
#else
  alignas(64) float lanes[kMaxLanes];
  hn::Store(v, Float(), lanes);
  std::memcpy(p, lanes, n * sizeof(float));
#endif
}

/// out[i] = f(a[i]).
template <class F>
HWY_INLINE void map1(const float* a, float* out, size_t n, F f) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(f(hn::LoadU(d, a + i)), d, out + i);
  if (i < n) store_part(f(load_part(a + i, n - i)), out + i, n - i);
}

/// out[i] = f(a[i], b[i]).
template <class F>
HWY_INLINE void map2(const float* a, const float* b, float* out, size_t n, F f) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(f(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
  }
  if (i < n) store_part(f(load_part(a + i, n - i), load_part(b + i, n - i)), out + i, n - i);
}

/// Sum of f(a[i]) in a fixed order: of blocks, because the error of a partial sum grows with its
/// length (Higham 1993, "The accuracy of floating point summation").
template <class F>
HWY_INLINE float sum1(const float* a, size_t n, F f) {
  constexpr size_t kStepsOfBlock = 32;
  const Float d;
  const size_t lanes = hn::Lanes(d);
  const size_t step = 4 * lanes;
  Vec sum = hn::Zero(d);
  size_t i = 0;
  while (i + step <= n) {
    const size_t steps = std::min((n - i) / step, kStepsOfBlock);
    Vec s0 = f(hn::LoadU(d, a + i));
    Vec s1 = f(hn::LoadU(d, a + i + lanes));
    Vec s2 = f(hn::LoadU(d, a + i + 2 * lanes));
    Vec s3 = f(hn::LoadU(d, a + i + 3 * lanes));
    for (size_t k = 1; k < steps; ++k) {
      const float* at = a + i + k * step;
      s0 = hn::Add(s0, f(hn::LoadU(d, at)));
      s1 = hn::Add(s1, f(hn::LoadU(d, at + lanes)));
      s2 = hn::Add(s2, f(hn::LoadU(d, at + 2 * lanes)));
      s3 = hn::Add(s3, f(hn::LoadU(d, at + 3 * lanes)));
    }
    sum = hn::Add(sum, hn::Add(hn::Add(s0, s1), hn::Add(s2, s3)));
    i += steps * step;
  }
  for (; i + lanes <= n; i += lanes) sum = hn::Add(sum, f(hn::LoadU(d, a + i)));
  float tail = 0;
  if (i < n) {
    alignas(64) float rest[kMaxLanes];
    hn::Store(f(load_part(a + i, n - i)), d, rest);
    for (size_t j = 0; j < n - i; ++j) tail += rest[j];
  }
  return hn::GetLane(hn::SumOfLanes(d, sum)) + tail;
}

/// Sum of a[i] * b[i] in a fixed order.
HWY_INLINE float dot(const float* a, const float* b, size_t n) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  Vec s0 = hn::Zero(d);
  Vec s1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    s0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), s0);
    s1 = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), s1);
  }
  for (; i + lanes <= n; i += lanes) {
    s0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), s0);
  }
  if (i < n) s1 = hn::MulAdd(load_part(a + i, n - i), load_part(b + i, n - i), s1);
  return hn::GetLane(hn::SumOfLanes(d, hn::Add(s0, s1)));
}

/// y[i] += alpha * x[i].
HWY_INLINE void axpy(float alpha, const float* x, float* y, size_t n) {
  const Vec va = hn::Set(Float(), alpha);
  map2(x, y, y, n, [va](Vec vx, Vec vy) { return hn::MulAdd(va, vx, vy); });
}

template <int V, class Step>
HWY_INLINE void fold_some_columns(const float* x, int64_t rows, int64_t stride, float* y,
                                  size_t width, Step step) {
  const Float d;
  const size_t lanes = hn::Lanes(d);
  const size_t rest = width - (V - 1) * lanes;
  Vec sums[V];
  for (int v = 0; v < V; ++v) sums[v] = hn::Zero(d);
  for (int64_t i = 0; i < rows; ++i, x += stride) {
    for (int v = 0; v < V - 1; ++v) sums[v] = step(sums[v], hn::LoadU(d, x + v * lanes), i);
    const float* last = x + (V - 1) * lanes;
    sums[V - 1] = step(sums[V - 1], rest < lanes ? load_part(last, rest) : hn::LoadU(d, last), i);
  }
  for (int v = 0; v < V - 1; ++v) hn::StoreU(sums[v], d, y + v * lanes);
  float* last = y + (V - 1) * lanes;
  rest < lanes ? store_part(sums[V - 1], last, rest) : hn::StoreU(sums[V - 1], d, last);
}

/// y[j] = step(... step(step(0, x[0, j], 0), x[1, j], 1) ..., x[rows - 1, j], rows - 1), with the
/// sums of eight vectors of columns in registers.
template <class Step>
HWY_INLINE void fold_rows(const float* x, int64_t rows, int64_t stride, float* y, size_t width,
                          Step step) {
  const size_t lanes = hn::Lanes(Float());
  for (; width > 8 * lanes; x += 8 * lanes, y += 8 * lanes, width -= 8 * lanes) {
    fold_some_columns<8>(x, rows, stride, y, 8 * lanes, step);
  }
  if (width > 4 * lanes) {
    if (width > 6 * lanes) {
      return width > 7 * lanes ? fold_some_columns<8>(x, rows, stride, y, width, step)
                               : fold_some_columns<7>(x, rows, stride, y, width, step);
    }
    fold_some_columns<4>(x, rows, stride, y, 4 * lanes, step);
    x += 4 * lanes, y += 4 * lanes, width -= 4 * lanes;
  }
  for (; width > 0; x += lanes, y += lanes, width -= std::min(width, lanes)) {
    fold_some_columns<1>(x, rows, stride, y, std::min(width, lanes), step);
  }
}

HWY_INLINE Vec constant(float c) { return hn::Set(Float(), c); }

HWY_INLINE Vec keep_nan(Vec x, Vec y) { return hn::IfThenElse(hn::IsNaN(x), x, y); }

/// e^x; inf above 88.72, 0 below -104.
HWY_INLINE Vec exp(Vec x) {
  const Vec inf = constant(std::numeric_limits<float>::infinity());
  const Vec y = hn::Exp(Float(), hn::Min(x, constant(88.8f)));
  return keep_nan(x, hn::IfThenElse(hn::Gt(x, constant(88.72284f)), inf, y));
}

/// e^x - 1 for x <= 0, exact to the last digits near 0.
HWY_INLINE Vec expm1(Vec x) {
  return keep_nan(x, hn::Expm1(Float(), hn::Max(x, constant(-100.0f))));
}

/// Natural logarithm; -inf at 0, NaN below.
HWY_INLINE Vec log(Vec x) {
  const Vec inf = constant(std::numeric_limits<float>::infinity());
  const Vec nan = constant(std::numeric_limits<float>::quiet_NaN());
  Vec y = hn::Log(Float(), x);
  y = hn::IfThenElse(hn::Eq(x, inf), inf, y);
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(Float())), hn::Neg(inf), y);
  y = hn::IfThenElse(hn::Lt(x, hn::Zero(Float())), nan, y);
  return keep_nan(x, y);
}

HWY_INLINE Vec tanh(Vec x) { return keep_nan(x, hn::Tanh(Float(), x)); }

/// 1 / (1 + e^-x), without overflow on either side.
HWY_INLINE Vec sigmoid(Vec x) {
  const Vec one = constant(1.0f);
  const Vec e = exp(hn::Neg(hn::Abs(x)));
  const Vec s = hn::Div(one, hn::Add(one, e));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(Float())), hn::Mul(e, s), s);
}

/// log(1 + e^x) = max(x, 0) + log1p(e^-|x|).
HWY_INLINE Vec softplus(Vec x) {
  const Vec e = exp(hn::Neg(hn::Abs(x)));
  const Vec positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(Float())), x);
  return keep_nan(x, hn::Add(positive, hn::Log1p(Float(), e)));
}

/// Error function, Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7.
HWY_INLINE Vec erf(Vec x) {
  const Vec a = hn::Abs(x);
  const Vec t = hn::Div(constant(1.0f), hn::MulAdd(constant(0.3275911f), a, constant(1.0f)));
  Vec p = hn::MulAdd(constant(1.061405429f), t, constant(-1.453152027f));
  p = hn::MulAdd(p, t, constant(1.421413741f));
  p = hn::MulAdd(p, t, constant(-0.284496736f));
  p = hn::MulAdd(p, t, constant(0.254829592f));
  const Vec y = hn::NegMulAdd(hn::Mul(p, t), exp(hn::Neg(hn::Mul(a, a))), constant(1.0f));
  return keep_nan(x, hn::CopySign(y, x));
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
