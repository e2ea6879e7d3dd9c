// An elementwise program as a launch takes it along: plain values, no pointers of the host.
#pragma once

#include <array>
#include <span>

#include "ops/elementwise/elementwise_codes.h"
#include "ops/kernel/device_floats.h"
#include "ops/kernel/device_random.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/half_bits.h"

namespace mlrun::ops {

/// Works on groups of four neighbouring elements, which share one block of random numbers.
class EwProgram {
 public:
  static constexpr int kGroup = kMostFloats;
  static constexpr int kWide = 8;  ///< in 16 bits each, 16 bytes

  /// Operands as of run_elementwise_cpu(); `varied` are the constants of the instructions in each
  /// copy, null if they are those of `op`. Throws Error for a program that is too long.
  EwProgram(const ElementwiseOp& op, const Shape& shape, std::span<const Tensor> in,
            std::span<const Tensor> out, Stacked<const float> varied);

  int64_t groups() const { return (elements_ + kGroup - 1) / kGroup; }

  /// Elements [4 group, 4 group + 4) of copy k.
  MLRUN_DEVICE void run(int64_t k, int64_t group) const {
    Values registers[ElementwiseOp::kMaxRegisters];
    const int64_t first = group * kGroup;
    const int count = size_of_group(elements_, group);
    for (int i = 0; i < inputs_; ++i) registers[i] = load(in_[i], k, first, count);
    for (int i = 0; i < length_; ++i) {
      EwInstruction one = code_[i];
      if (varied_.data) one.c = varied_(k)[i];
      registers[one.out] = result(one, registers[one.a], registers[one.b], k, group);
    }
    for (int o = 0; o < outputs_; ++o) {
      store(registers[output_register_[o]], out_[o], k, first, count);
    }
  }

  /// A program of one instruction can do without the registers, which lie in slow memory, and
  /// without looking up what it is: then it is as fast as its operands come. Not the random codes.
  bool is_single() const { return length_ == 1 && outputs_ == 1 && code_[0].code < Ew::kDropout; }
  Ew first_code() const { return code_[0].code; }

  /// Whether all numbers of a single instruction are of 16 bits, lie as it reads and writes them,
  /// and can be taken kWide at once.
  bool is_packed() const { return packed_; }

  int64_t single_threads() const { return packed_ ? elements_ / kWide : groups(); }

  /// What thread number `thread` of these does of a single instruction with this code. In 16 bits a
  /// thread takes eight elements: with fewer, too little would be on its way for the memory of a
  /// GPU to be busy.
  template <Ew kCode>
  MLRUN_DEVICE void run_single(int64_t k, int64_t thread) const {
    packed_ ? run_wide<kCode>(k, thread) : run_group<kCode>(k, thread);
  }

  /// If is_packed(): the same of kRows rows of a column of chunks, those from `row` on, of which
  /// there are `rows`, `chunks` chunks apart. Returns the sum of what is written. Everything is
  /// read before anything is written, so that the rows do not wait for each other.
  template <Ew kCode, int kRows>
  MLRUN_DEVICE Floats<kWide> run_column(int64_t k, int64_t row, int64_t rows, int64_t column,
                                        int64_t chunks) const {
    const Numbers& of_a = in_[code_[0].a].data;
    const Numbers& of_b = in_[code_[0].b].data;
    const Numbers& of_y = out_[0];
    Halves<kWide> a[kRows];
    Halves<kWide> b[kRows];
    MLRUN_UNROLL
    for (int r = 0; r < kRows; ++r) {
      const int64_t at = ((row + r < rows ? row + r : rows - 1) * chunks + column) * kWide;
      a[r] = of_a.load_packed<kWide>(k, at);
      b[r] = of_b.load_packed<kWide>(k, at);
    }
    Floats<kWide> sum{};
    MLRUN_UNROLL
    for (int r = 0; r < kRows; ++r) {
      if (row + r >= rows) continue;
      const Halves<kWide> y = packed_result<kCode>(a[r], b[r], k);
      of_y.store_packed(y, k, ((row + r) * chunks + column) * kWide);
      sum = sum + of_y.unpacked(y);
    }
    return sum;
  }

 private:
  static constexpr size_t kMaxLength = 16;
  using Values = Floats<kGroup>;

  struct Operand {
    Numbers data;
    Spread spread = Spread::kSame;
    Divider divider;     ///< by the length of a row, or by the elements that share one of a column
    bool whole = false;  ///< a row of whole groups, which can be read at once
  };

  static Operand operand(const Shape& shape, const Tensor& tensor);
  bool all_aligned(std::span<const Tensor> in, std::span<const Tensor> out) const;
  bool all_packed() const;

  template <Ew kCode>
  MLRUN_DEVICE void run_group(int64_t k, int64_t group) const {
    const int64_t first = group * kGroup;
    const int count = size_of_group(elements_, group);
    const EwInstruction one = code_[0];
    const Values a = load(in_[one.a], k, first, count);
    const Values b = one.b == one.a ? a : load(in_[one.b], k, first, count);
    store(values_of<kCode>(a, b, constant(k)), out_[0], k, first, count);
  }

  template <Ew kCode>
  MLRUN_DEVICE void run_wide(int64_t k, int64_t chunk) const {
    const EwInstruction one = code_[0];
    const Halves<kWide> a = in_[one.a].data.load_packed<kWide>(k, chunk * kWide);
    const Halves<kWide> b = in_[one.b].data.load_packed<kWide>(k, chunk * kWide);
    out_[0].store_packed(packed_result<kCode>(a, b, k), k, chunk * kWide);
  }

  // If is_packed(). The gradient of relu takes numbers as they are: nothing is to be rounded.
  template <Ew kCode>
  MLRUN_DEVICE Halves<kWide> packed_result(const Halves<kWide>& a, const Halves<kWide>& b,
                                           int64_t k) const {
    const Numbers& of_a = in_[code_[0].a].data;
    const Numbers& of_b = in_[code_[0].b].data;
    if constexpr (kCode == Ew::kReluGrad) return of_a.where_positive(a, b);
    return out_[0].packed(values_of<kCode>(of_a.unpacked(a), of_b.unpacked(b), constant(k)));
  }

  // Of the first instruction, in copy k.
  MLRUN_DEVICE float constant(int64_t k) const { return varied_.data ? varied_(k)[0] : code_[0].c; }

  MLRUN_DEVICE Values load(const Operand& operand, int64_t k, int64_t first, int count) const {
    const float* x = operand.data.floats(k);
    Values values{};
    switch (operand.spread) {
      case Spread::kSame:
        return load_same(operand.data, k, first, count);
      case Spread::kScalar:
        for (int i = 0; i < kGroup; ++i) values.of[i] = x[0];
        return values;
      case Spread::kRow:
        if (operand.whole) return load_some(x + operand.divider.remainder(first), true, kGroup);
        spread(operand, x, first, count, values);
        return values;
      case Spread::kColumn:
        spread(operand, x, first, count, values);
        return values;
      case Spread::kRandomState:
        return values;
    }
    return values;
  }

  MLRUN_DEVICE Values load_same(const Numbers& data, int64_t k, int64_t first, int count) const {
    const bool all = aligned_ && count == kGroup;
    if (!data.is_half()) return load_some(data.floats(k) + first, all, count);
    if (all) return data.unpacked(data.load_packed<kGroup>(k, first));
    Values values{};
    for (int i = 0; i < kGroup; ++i) {
      if (i < count) values.of[i] = data(k, first + i);
    }
    return values;
  }

  MLRUN_DEVICE static void spread(const Operand& operand, const float* x, int64_t first, int count,
                                  Values& values) {
    int64_t quotient = operand.divider.quotient(first);
    int64_t remainder = first - quotient * operand.divider.divisor();
    for (int i = 0; i < kGroup; ++i) {
      if (i < count) values.of[i] = x[operand.spread == Spread::kRow ? remainder : quotient];
      if (++remainder == operand.divider.divisor()) {
        remainder = 0;
        ++quotient;
      }
    }
  }

  MLRUN_DEVICE void store(const Values& values, const Numbers& y, int64_t k, int64_t first,
                          int count) const {
    const bool all = aligned_ && count == kGroup;
    if (!y.is_half()) return store_some(values, y.floats(k) + first, all, count);
    if (all) return y.store_packed(y.packed(values), k, first);
    for (int i = 0; i < kGroup; ++i) {
      if (i < count) y.set(k, first + i, values.of[i]);
    }
  }

  MLRUN_DEVICE Values result(const EwInstruction& one, const Values& a, const Values& b, int64_t k,
                             int64_t group) const {
    switch (one.code) {
#define MLRUN_EW_CASE(name) \
  case Ew::name:            \
    return values_of<Ew::name>(a, b, one.c);
      MLRUN_EW_CODES(MLRUN_EW_CASE)
#undef MLRUN_EW_CASE
      case Ew::kDropout:
      case Ew::kNormal:
      case Ew::kUniform:
        break;
    }
    return random_result(one, a, k, group);
  }

  template <Ew kCode, int kWidth>
  MLRUN_DEVICE static Floats<kWidth> values_of(const Floats<kWidth>& a, const Floats<kWidth>& b,
                                               float c) {
    Floats<kWidth> y;
    for (int i = 0; i < kWidth; ++i) y.of[i] = value_of(kCode, a.of[i], b.of[i], c);
    return y;
  }

  MLRUN_DEVICE Values random_result(const EwInstruction& one, const Values& a, int64_t k,
                                    int64_t group) const {
    const auto* state = reinterpret_cast<const uint32_t*>(in_[one.b].data.floats(k));
    const RandomWords random = random_words(state, one.salt, group);
    const uint32_t limit = dropout_limit(one.c);
    const float keep = 1.0f / (1.0f - one.c);
    Values y;
    for (int i = 0; i < kGroup; ++i) {
      const uint32_t word = random.word[i];
      if (one.code == Ew::kDropout) {
        y.of[i] = word >= limit ? a.of[i] * keep : 0.0f;
      } else {
        const float number = one.code == Ew::kNormal ? normal_number(word) : uniform_number(word);
        y.of[i] = a.of[i] + number * one.c;
      }
    }
    return y;
  }

  int64_t elements_;
  int inputs_;
  int length_;
  int outputs_;
  int chunks_;  ///< that one thread takes of a single instruction
  bool packed_ = false;
  bool aligned_ = false;  ///< all that is read or written as it lies, by 16 bytes
  Operand in_[ElementwiseOp::kMaxRegisters];
  Numbers out_[kMaxLength];
  uint8_t output_register_[kMaxLength] = {};
  EwInstruction code_[kMaxLength] = {};
  Stacked<const float> varied_;
};

/// Runs the program over the whole of `shape` in every copy of call's stack.
void run_elementwise_cuda(const graph::KernelCall& call, const ElementwiseOp& op,
                          const Shape& shape, std::span<const Tensor> in,
                          std::span<const Tensor> out);

}  // namespace mlrun::ops
