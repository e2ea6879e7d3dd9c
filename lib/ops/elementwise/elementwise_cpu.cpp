#include "ops/elementwise/elementwise.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/elementwise/elementwise_cpu.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include "ops/kernel/simd-inl.h"
// clang-format on

#include <algorithm>
#include <array>

#include "base/philox.h"
#include "device/cpu_context.h"

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

constexpr float kInverseRootTwoPi = 0.39894228f;

// Of the standard normal distribution: Phi(x), and e^(-x^2 / 2).
HWY_INLINE Vec normal_cdf(Vec x) {
  const Vec half = constant(0.5f);
  return hn::MulAdd(erf(hn::Mul(x, constant(0.70710678f))), half, half);
}

HWY_INLINE Vec bell(Vec x) { return exp(hn::Mul(hn::Mul(x, x), constant(-0.5f))); }

void run_binary(Ew code, const float* a, const float* b, float* y, size_t n, float c) {
  const Vec vc = constant(c);
  const Vec zero = constant(0.0f);
  const Vec one = constant(1.0f);
  switch (code) {
    case Ew::kAdd:
      return map2(a, b, y, n, [](Vec p, Vec q) { return hn::Add(p, q); });
    case Ew::kSub:
      return map2(a, b, y, n, [](Vec p, Vec q) { return hn::Sub(p, q); });
    case Ew::kMul:
      return map2(a, b, y, n, [](Vec p, Vec q) { return hn::Mul(p, q); });
    case Ew::kDiv:
      return map2(a, b, y, n, [](Vec p, Vec q) { return hn::Div(p, q); });
    case Ew::kMaximum:
      return map2(a, b, y, n,
                  [](Vec p, Vec q) { return keep_nan(p, hn::IfThenElse(hn::Gt(p, q), p, q)); });
    case Ew::kMinimum:
      return map2(a, b, y, n,
                  [](Vec p, Vec q) { return keep_nan(p, hn::IfThenElse(hn::Lt(p, q), p, q)); });
    case Ew::kGreaterEqual:
      return map2(a, b, y, n, [=](Vec p, Vec q) { return hn::IfThenElseZero(hn::Ge(p, q), one); });
    case Ew::kReluGrad:
      return map2(a, b, y, n,
                  [=](Vec r, Vec dy) { return hn::IfThenElseZero(hn::Gt(r, zero), dy); });
    case Ew::kSigmoidGrad:
      return map2(a, b, y, n,
                  [=](Vec s, Vec dy) { return hn::Mul(dy, hn::Mul(s, hn::Sub(one, s))); });
    case Ew::kTanhGrad:
      return map2(a, b, y, n, [=](Vec t, Vec dy) { return hn::Mul(dy, hn::NegMulAdd(t, t, one)); });
    case Ew::kSoftsignGrad:
      return map2(a, b, y, n, [=](Vec x, Vec dy) {
        const Vec m = hn::Add(one, hn::Abs(x));
        return hn::Div(dy, hn::Mul(m, m));
      });
    case Ew::kGeluGrad:
      return map2(a, b, y, n, [=](Vec x, Vec dy) {
        const Vec density = hn::Mul(bell(x), constant(kInverseRootTwoPi));
        return hn::Mul(dy, hn::MulAdd(x, density, normal_cdf(x)));
      });
    case Ew::kLeakyReluGrad:
      return map2(a, b, y, n, [=](Vec x, Vec dy) {
        return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(dy, vc), dy);
      });
    case Ew::kEluGrad:
      return map2(a, b, y, n, [=](Vec e, Vec dy) {
        return hn::IfThenElse(hn::Lt(e, zero), hn::Mul(dy, hn::Add(e, vc)), dy);
      });
    case Ew::kHardSigmoidGrad:
      return map2(a, b, y, n, [=](Vec h, Vec dy) {
        const auto inside = hn::And(hn::Gt(h, zero), hn::Lt(h, one));
        return hn::IfThenElseZero(inside, hn::Mul(dy, constant(1.0f / 6)));
      });
    case Ew::kAddRelu:
      return map2(a, b, y, n, [=](Vec p, Vec q) {
        const Vec x = hn::Add(p, q);
        return hn::IfThenZeroElse(hn::Lt(x, zero), x);
      });
    case Ew::kBroadcast:
      std::copy_n(b, n, y);
      return;
    default:
      HWY_ABORT("not a binary elementwise code");
  }
}

void run_unary(Ew code, const float* a, float* y, size_t n, float c) {
  const Vec vc = constant(c);
  const Vec zero = constant(0.0f);
  const Vec one = constant(1.0f);
  switch (code) {
    case Ew::kNegate:
      return map1(a, y, n, [](Vec x) { return hn::Neg(x); });
    case Ew::kExp:
      return map1(a, y, n, [](Vec x) { return exp(x); });
    case Ew::kLog:
      return map1(a, y, n, [](Vec x) { return log(x); });
    case Ew::kSqrt:
      return map1(a, y, n, [](Vec x) { return hn::Sqrt(x); });
    case Ew::kSquare:
      return map1(a, y, n, [](Vec x) { return hn::Mul(x, x); });
    case Ew::kAbs:
      return map1(a, y, n, [](Vec x) { return hn::Abs(x); });
    case Ew::kSign:
      return map1(a, y, n, [=](Vec x) {
        return hn::Sub(hn::IfThenElseZero(hn::Gt(x, zero), one),
                       hn::IfThenElseZero(hn::Lt(x, zero), one));
      });
    case Ew::kReciprocal:
      return map1(a, y, n, [=](Vec x) { return hn::Div(one, x); });
    case Ew::kErf:
      return map1(a, y, n, [](Vec x) { return erf(x); });
    case Ew::kRelu:
      return map1(a, y, n, [=](Vec x) { return hn::IfThenZeroElse(hn::Lt(x, zero), x); });
    case Ew::kSigmoid:
      return map1(a, y, n, [](Vec x) { return sigmoid(x); });
    case Ew::kTanh:
      return map1(a, y, n, [](Vec x) { return tanh(x); });
    case Ew::kSoftplus:
      return map1(a, y, n, [](Vec x) { return softplus(x); });
    case Ew::kSoftsign:
      return map1(a, y, n, [=](Vec x) { return hn::Div(x, hn::Add(one, hn::Abs(x))); });
    case Ew::kGelu:
      return map1(a, y, n, [](Vec x) { return hn::Mul(x, normal_cdf(x)); });
    case Ew::kScale:
      return map1(a, y, n, [=](Vec x) { return hn::Mul(x, vc); });
    case Ew::kOffset:
      return map1(a, y, n, [=](Vec x) { return hn::Add(x, vc); });
    case Ew::kMaximumC:
      return map1(a, y, n, [=](Vec x) { return hn::IfThenElse(hn::Lt(x, vc), vc, x); });
    case Ew::kMinimumC:
      return map1(a, y, n, [=](Vec x) { return hn::IfThenElse(hn::Gt(x, vc), vc, x); });
    case Ew::kGreaterC:
      return map1(a, y, n, [=](Vec x) { return hn::IfThenElseZero(hn::Gt(x, vc), one); });
    case Ew::kLeakyRelu:
      return map1(a, y, n,
                  [=](Vec x) { return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(x, vc), x); });
    case Ew::kElu:
      return map1(a, y, n,
                  [=](Vec x) { return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(vc, expm1(x)), x); });
    case Ew::kHardSigmoid:
      return map1(a, y, n, [=](Vec x) {
        const Vec h = hn::MulAdd(x, constant(1.0f / 6), constant(0.5f));
        return keep_nan(x, hn::Min(hn::Max(h, zero), one));
      });
    default:
      HWY_ABORT("not a unary elementwise code");
  }
}

// Philox4x32-10 (base/philox.h) on as many consecutive blocks as there are lanes:
// words[4 * block + word]. The salt goes into the block number's high word.
#if HWY_TARGET == HWY_SCALAR

inline constexpr size_t kBlocksAtOnce = 1;

void random_words(const uint32_t* state, uint32_t salt, uint64_t block, uint32_t* words) {
  const PhiloxBlock drawn = philox4x32(
      {static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32) ^ salt, state[2], state[3]},
      {state[0], state[1]});
  std::copy(drawn.begin(), drawn.end(), words);
}

#else

using U32 = hn::ScalableTag<uint32_t>;
using VecU = hn::Vec<U32>;
inline constexpr size_t kBlocksAtOnce = hn::MaxLanes(U32());

// The 64-bit products of all lanes with a constant, as high and low words.
HWY_INLINE void multiply_wide(VecU a, VecU b, VecU& high, VecU& low) {
  const U32 d;
  const hn::Repartition<uint64_t, U32> d64;
  const auto even = hn::MulEven(a, b);
  const auto a_odd = hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, a)));
  const auto odd = hn::MulEven(a_odd, b);
  low = hn::OddEven(hn::BitCast(d, hn::ShiftLeft<32>(odd)), hn::BitCast(d, even));
  high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
}

void random_words(const uint32_t* state, uint32_t salt, uint64_t first_block, uint32_t* words) {
  const U32 d;
  // Consecutive blocks differ in the low counter word only, as long as it does not wrap.
  VecU c0 = hn::Iota(d, static_cast<uint32_t>(first_block));
  VecU c1 = hn::Set(d, static_cast<uint32_t>(first_block >> 32) ^ salt);
  VecU c2 = hn::Set(d, state[2]);
  VecU c3 = hn::Set(d, state[3]);
  uint32_t k0 = state[0];
  uint32_t k1 = state[1];
  for (int round = 0; round < 10; ++round) {
    VecU high0, low0, high1, low1;
    multiply_wide(c0, hn::Set(d, 0xD2511F53u), high0, low0);
    multiply_wide(c2, hn::Set(d, 0xCD9E8D57u), high1, low1);
    c0 = hn::Xor(hn::Xor(high1, c1), hn::Set(d, k0));
    c2 = hn::Xor(hn::Xor(high0, c3), hn::Set(d, k1));
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  hn::StoreInterleaved4(c0, c1, c2, c3, d, words);
}

#endif

// y[i] = a[i] / (1 - rate) where the draw of element `first + i` is at least rate, else 0.
void run_dropout(const float* a, float* y, size_t n, float rate, const uint32_t* state,
                 uint32_t salt, int64_t first) {
  const size_t group = 4 * kBlocksAtOnce;
  alignas(64) uint32_t words[4 * kMaxLanes];
  const auto limit = static_cast<uint32_t>(std::min(4294967295.0, rate * 4294967296.0));
  const float keep = 1.0f / (1.0f - rate);
  size_t i = 0;
  while (i < n) {
    const auto element = static_cast<uint64_t>(first) + i;
    const uint64_t block = element / 4;
    random_words(state, salt, block, words);
    const size_t skip = element % 4;
    const size_t count = std::min(group - skip, n - i);
    for (size_t j = 0; j < count; ++j) {
      y[i + j] = words[skip + j] >= limit ? a[i + j] * keep : 0.0f;
    }
    i += count;
  }
}

// Inverse of erf on (-1, 1). Giles, "Approximating the erfinv function", GPU Computing Gems 2011,
// single precision.
HWY_INLINE Vec inverse_erf(Vec x) {
  const Vec one = constant(1.0f);
  const Vec w = hn::Neg(log(hn::Mul(hn::Sub(one, x), hn::Add(one, x))));
  const auto polynomial = [](Vec t, const float(&coefficients)[9]) {
    Vec p = constant(coefficients[0]);
    for (size_t i = 1; i < 9; ++i) p = hn::MulAdd(p, t, constant(coefficients[i]));
    return p;
  };
  static constexpr float kCentre[9] = {2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
                                       -4.39150654e-06f, 2.1858087e-04f,  -1.25372503e-03f,
                                       -4.17768164e-03f, 2.46640727e-01f, 1.50140941f};
  static constexpr float kTail[9] = {-2.00214257e-04f, 1.00950558e-04f, 1.34934322e-03f,
                                     -3.67342844e-03f, 5.73950773e-03f, -7.6224613e-03f,
                                     9.43887047e-03f,  1.00167406f,     2.83297682f};
  const Vec centre = polynomial(hn::Sub(w, constant(2.5f)), kCentre);
  const Vec tail = polynomial(hn::Sub(hn::Sqrt(w), constant(3.0f)), kTail);
  return hn::Mul(x, hn::IfThenElse(hn::Lt(w, constant(5.0f)), centre, tail));
}

// Words to numbers in the middles of 2^23 equal parts of (-1, 1), exact as floats.
HWY_INLINE Vec centred(const uint32_t* words) {
  const hn::RebindToSigned<Float> di;
  const auto top = hn::ShiftRight<9>(hn::Load(hn::RebindToUnsigned<Float>(), words));
  const Vec k = hn::ConvertTo(Float(), hn::BitCast(di, top));
  return hn::MulAdd(k, constant(0x1p-22f), constant(0x1p-23f - 1.0f));
}

// y[i] = a[i] + c * a number of the distribution, made of the draw of element `first + i` alone.
void run_noise(bool normal, const float* a, float* y, size_t n, float c, const uint32_t* state,
               uint32_t salt, int64_t first) {
  const Float d;
  const size_t group = 4 * kBlocksAtOnce;
  alignas(64) uint32_t words[4 * kMaxLanes];
  alignas(64) float numbers[4 * kMaxLanes];
  size_t i = 0;
  while (i < n) {
    const auto element = static_cast<uint64_t>(first) + i;
    random_words(state, salt, element / 4, words);
    for (size_t j = 0; j < group; j += hn::Lanes(d)) {
      const Vec x = centred(words + j);
      const Vec number = normal ? hn::Mul(inverse_erf(x), constant(1.41421356f))
                                : hn::MulAdd(x, constant(0.5f), constant(0.5f));
      hn::Store(hn::Mul(number, constant(c)), d, numbers + j);
    }
    const size_t skip = element % 4;
    const size_t count = std::min(group - skip, n - i);
    for (size_t j = 0; j < count; ++j) y[i + j] = a[i + j] + numbers[skip + j];
    i += count;
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun::ops {
namespace {

HWY_EXPORT(run_binary);
HWY_EXPORT(run_unary);
HWY_EXPORT(run_dropout);
HWY_EXPORT(run_noise);

constexpr int64_t kTile = 1024;
constexpr int64_t kParallelGrain = 16384;

bool is_binary(Ew code) {
  return code <= Ew::kGreaterEqual || (code >= Ew::kReluGrad && code <= Ew::kBroadcast);
}

// One operand over a tile: a pointer into its tensor, or a copy spread out in `buffer`.
class Operand {
 public:
  Operand(const Shape& shape, const Tensor& tensor)
      : tensor_(tensor),
        spread_(spread_of(shape, {tensor.shape, tensor.dtype})),
        period_(std::max<int64_t>(tensor.elements(), 1)),
        repeat_(shape.elements() / period_) {
    if (spread_ == Spread::kColumn && repeat_ == 1) spread_ = Spread::kSame;
  }

  bool needs_buffer() const { return spread_ != Spread::kSame && spread_ != Spread::kRandomState; }
  int64_t period() const { return spread_ == Spread::kRow ? period_ : 1; }
  const uint32_t* random_state() const { return tensor_.u32(); }

  const float* at(int64_t begin, int64_t count, float* buffer, bool first) const {
    const float* data = tensor_.f32();
    switch (spread_) {
      case Spread::kSame:
        return data + begin;
      case Spread::kScalar:
        if (first) std::fill_n(buffer, count, data[0]);
        return buffer;
      case Spread::kRow: {
        const int64_t phase = begin % period_;
        if (phase + count <= period_) return data + phase;
        if (!first && phase == phase_) return buffer;
        fill_rows(data, phase, count, buffer);
        phase_ = phase;
        return buffer;
      }
      case Spread::kColumn:
        for (int64_t i = 0; i < count;) {
          const int64_t row = (begin + i) / repeat_;
          const int64_t end = std::min(count, (row + 1) * repeat_ - begin);
          std::fill(buffer + i, buffer + end, data[row]);
          i = end;
        }
        return buffer;
      case Spread::kRandomState:
        return nullptr;
    }
    return nullptr;
  }

 private:
  void fill_rows(const float* data, int64_t phase, int64_t count, float* buffer) const {
    for (int64_t i = 0; i < count;) {
      const int64_t length = std::min(count - i, period_ - phase);
      std::copy_n(data + phase, length, buffer + i);
      i += length;
      phase = 0;
    }
  }

  Tensor tensor_;
  Spread spread_;
  int64_t period_;
  int64_t repeat_;
  mutable int64_t phase_ = -1;
};

struct OperandList {
  alignas(Operand) std::byte storage[ElementwiseOp::kMaxRegisters * sizeof(Operand)];
  Operand& operator[](size_t i) { return reinterpret_cast<Operand*>(storage)[i]; }
};

// Elements per tile: whole periods of the row operands, so that they are spread out only once.
int64_t tile_length(OperandList& operands, size_t count) {
  int64_t period = 1;
  for (size_t i = 0; i < count; ++i) period = std::max(period, operands[i].period());
  return period < kTile ? kTile / period * period : kTile;
}

void run_instruction(const EwInstruction& one, float* const* registers, OperandList& operands,
                     int64_t begin, size_t n) {
  const float* a = registers[one.a];
  float* y = registers[one.out];
  if (one.code == Ew::kDropout) {
    HWY_DYNAMIC_DISPATCH(run_dropout)
    (a, y, n, one.c, operands[one.b].random_state(), one.salt, begin);
  } else if (one.code == Ew::kNormal || one.code == Ew::kUniform) {
    HWY_DYNAMIC_DISPATCH(run_noise)
    (one.code == Ew::kNormal, a, y, n, one.c, operands[one.b].random_state(), one.salt, begin);
  } else if (is_binary(one.code)) {
    HWY_DYNAMIC_DISPATCH(run_binary)(one.code, a, registers[one.b], y, n, one.c);
  } else {
    HWY_DYNAMIC_DISPATCH(run_unary)(one.code, a, y, n, one.c);
  }
}

}  // namespace

void run_elementwise_cpu(const ElementwiseOp& op, const Shape& shape, std::span<const Tensor> in,
                         std::span<const Tensor> out, int64_t begin, int64_t end) {
  alignas(64) float buffers[ElementwiseOp::kMaxRegisters][kTile];
  OperandList operands;
  for (size_t i = 0; i < in.size(); ++i) new (&operands[i]) Operand(shape, in[i]);
  std::array<float*, ElementwiseOp::kMaxRegisters> registers;
  for (size_t r = 0; r < registers.size(); ++r) registers[r] = buffers[r];
  const int64_t tile = tile_length(operands, in.size());
  for (int64_t at = begin; at < end; at += tile) {
    const int64_t n = std::min(tile, end - at);
    for (size_t i = 0; i < in.size(); ++i) {
      registers[i] = const_cast<float*>(operands[i].at(at, n, buffers[i], at == begin));
    }
    for (size_t o = 0; o < out.size(); ++o) registers[op.outputs()[o]] = out[o].f32() + at;
    for (const EwInstruction& one : op.code()) {
      run_instruction(one, registers.data(), operands, at, static_cast<size_t>(n));
    }
  }
}

void elementwise_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const ElementwiseOp&>(call.op);
  const Shape& shape = call.out[0].shape;
  const int64_t row = std::max<int64_t>(shape.back(), 1);
  device::parallel_for(device::cpu_team(call.context), shape.elements() / row,
                       std::max<int64_t>(kParallelGrain / row, 1), [&](int64_t begin, int64_t end) {
                         run_elementwise_cpu(op, shape, call.in, call.out, begin * row, end * row);
                       });
}

void dropout_cpu(const float* a, float* y, int64_t n, const DropoutRange& range) {
  HWY_DYNAMIC_DISPATCH(run_dropout)
  (a, y, static_cast<size_t>(n), range.rate, range.random_state, range.salt, range.first);
}

}  // namespace mlrun::ops
#endif
