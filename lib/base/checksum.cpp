#include "base/checksum.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace mlrun {
namespace {

constexpr uint64_t kPrime = 0x9e3779b97f4a7c15;  // odd: multiplying by it loses nothing
constexpr size_t kLanes = 8;                     // side by side, as a processor multiplies

uint64_t mixed(uint64_t sum, uint64_t word) {
  sum = (sum ^ word) * kPrime;
  return sum ^ sum >> 32;
}

uint64_t word_at(const char* bytes, size_t size) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, size);
  return word;
}

}  // namespace

uint64_t checksum(std::string_view bytes) {
  std::array<uint64_t, kLanes> lanes{};
  for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] = lane + 1;
  constexpr size_t kWord = sizeof(uint64_t);
  constexpr size_t kStep = kLanes * kWord;
  size_t at = 0;
  for (; at + kStep <= bytes.size(); at += kStep) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = mixed(lanes[lane], word_at(bytes.data() + at + lane * kWord, kWord));
    }
  }
  uint64_t sum = bytes.size();
  for (const uint64_t lane : lanes) sum = mixed(sum, lane);
  for (; at < bytes.size(); at += kWord) {
    sum = mixed(sum, word_at(bytes.data() + at, std::min(kWord, bytes.size() - at)));
  }
  return sum;
}

}  // namespace mlrun
