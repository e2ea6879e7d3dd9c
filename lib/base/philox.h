// Philox4x32-10, the counter-based generator behind every random number of mlrun.
//
// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC'11. A number is a
// pure function of (key, counter): it depends neither on the order of the calls nor on the thread,
// process or device that asks for it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace mlrun {

using PhiloxBlock = std::array<uint32_t, 4>;

/// Ten rounds. Matches Random123's philox4x32.
inline PhiloxBlock philox4x32(PhiloxBlock counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53u} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return counter;
}

/// What a stream of random numbers is for. Part of the key: never renumber.
enum class Purpose : uint32_t {
  kSplit = 1,
  kInitialise = 2,
  kShuffle = 3,
  kDropout = 4,
  kGenerate = 5,
  kOrder = 6,
  kWords = 7,
};

/// One stream: a key derived from (root seed, purpose, cell, fold) and nothing else.
class PhiloxStream {
 public:
  PhiloxStream() = default;
  PhiloxStream(uint64_t seed, Purpose purpose, uint32_t cell = 0, uint32_t fold = 0);

  /// Four words at (step, block).
  PhiloxBlock block(uint64_t step, uint64_t block) const {
    return philox4x32({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                       static_cast<uint32_t>(step), static_cast<uint32_t>(step >> 32)},
                      key_);
  }

  /// Element `i` of `step`, uniform in [0, 2^32).
  uint32_t word(uint64_t step, uint64_t i) const { return block(step, i / 4)[i % 4]; }

  /// Uniform in [0, 1), 24 bits.
  float uniform(uint64_t step, uint64_t i) const { return to_unit(word(step, i)); }

  /// Standard normal by Box-Muller on the block of element i.
  float normal(uint64_t step, uint64_t i) const;

  /// Uniform integer in [0, bound), bound > 0, without modulo bias worth speaking of (64-bit
  /// multiply-shift).
  uint64_t below(uint64_t step, uint64_t i, uint64_t bound) const;

  std::array<uint32_t, 2> key() const { return key_; }

  static float to_unit(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }

 private:
  std::array<uint32_t, 2> key_{};
};

/// Fisher-Yates with draws (step, position): the same permutation everywhere.
void shuffle(std::span<int64_t> items, const PhiloxStream& stream, uint64_t step);

}  // namespace mlrun
