// A shuffle's draws do not depend on each other, so many are made at once. One by one each would
// wait for ten rounds of multiplications, and the swap behind it for a line of memory.
#include "base/philox.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "base/shuffle.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <algorithm>
#include <utility>

#ifndef MLRUN_BASE_SHUFFLE_CPP_
#define MLRUN_BASE_SHUFFLE_CPP_
namespace mlrun {

constexpr size_t kDraws = 512;  // at once; a multiple of every vector's lanes

}  // namespace mlrun
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

void draw_below(const PhiloxStream& stream, uint64_t step, uint64_t first, uint32_t* out) {
  for (uint64_t i = 0; i < std::min<uint64_t>(kDraws, first); ++i) {
    out[i] = static_cast<uint32_t>(stream.below(step, first - i, first - i));
  }
}

#else

// out[i] = stream.below(step, first - i, first - i) for i < min(kDraws, first); first < 2^32. See
// philox4x32(): each word lies in 64 bits, of which the upper 32 are whatever they are.
void draw_below(const PhiloxStream& stream, uint64_t step, uint64_t first, uint32_t* out) {
  const hn::ScalableTag<uint64_t> wide;
  const hn::Repartition<uint32_t, decltype(wide)> words;
  const hn::Rebind<uint32_t, decltype(wide)> narrow;
  const auto times = [&](auto a, auto b) {
    return hn::MulEven(hn::BitCast(words, a), hn::BitCast(words, b));
  };
  const auto first_factor = hn::Set(wide, 0xD2511F53u);
  const auto second_factor = hn::Set(wide, 0xCD9E8D57u);
  for (size_t i = 0; i < kDraws; i += hn::Lanes(wide)) {
    const auto bound = hn::Sub(hn::Set(wide, first - i), hn::Iota(wide, 0));
    auto c0 = bound;
    auto c1 = hn::Zero(wide);
    auto c2 = hn::Set(wide, step);
    auto c3 = hn::Set(wide, step >> 32);
    std::array<uint32_t, 2> key = stream.key();
    for (int round = 0; round < 10; ++round) {
      const auto p0 = times(c0, first_factor);
      const auto p1 = times(c2, second_factor);
      c0 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p1), c1), hn::Set(wide, key[0]));
      c1 = p1;
      c2 = hn::Xor(hn::Xor(hn::ShiftRight<32>(p0), c3), hn::Set(wide, key[1]));
      c3 = p0;
      key[0] += 0x9E3779B9u;
      key[1] += 0xBB67AE85u;
    }
    // ((word 1, word 0) * bound) >> 64
    const auto low = hn::ShiftRight<32>(times(c0, bound));
    const auto high = hn::ShiftRight<32>(hn::Add(times(c1, bound), low));
    hn::StoreU(hn::TruncateTo(narrow, high), narrow, out + i);
  }
}

#endif

}  // namespace mlrun::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace mlrun {
namespace {

HWY_EXPORT(draw_below);

}  // namespace

void shuffle(std::span<int64_t> items, const PhiloxStream& stream, uint64_t step) {
  size_t i = items.size();
  for (; i >> 32 != 0; --i) std::swap(items[i - 1], items[stream.below(step, i, i)]);
  std::array<uint32_t, kDraws> draws;
  while (i > 1) {
    HWY_DYNAMIC_DISPATCH(draw_below)(stream, step, i, draws.data());
    const size_t count = std::min(kDraws, i - 1);
    for (size_t k = 0; k < count; ++k, --i) std::swap(items[i - 1], items[draws[k]]);
  }
}

}  // namespace mlrun
#endif
