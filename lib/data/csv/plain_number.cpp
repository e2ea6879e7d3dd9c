#include "data/csv/plain_number.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace mlrun::data {
namespace {

// Powers of ten that a double holds exactly.
constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr int kMostDigits = 15;

unsigned digit(char c) { return static_cast<unsigned>(c) - '0'; }

constexpr uint64_t kIntegers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

// Eight characters of a text as they lie in memory, the first one lowest.
uint64_t eight(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

// How many of eight characters, less '0' each, are digits before the first that is none.
int leading_digits(uint64_t word) {
  const uint64_t others = ((word + 0x7676767676767676) | word) & 0x8080808080808080;
  return std::countr_zero(others) / 8;
}

// The number that eight digits spell, the first one lowest: pairs, then fours, then all.
uint64_t spelled(uint64_t digits) {
  digits = 10 * digits + (digits >> 8);
  constexpr uint64_t kPairs = 0x000000ff000000ff;
  return ((digits & kPairs) * ((uint64_t{1000000} << 32) + 100) +
          ((digits >> 16) & kPairs) * ((uint64_t{10000} << 32) + 1)) >>
         32;
}

// Appends up to eight digits to `digits` and returns what follows them. Reads eight characters.
[[gnu::always_inline]] inline const char* append_digits(const char* at, uint64_t& digits) {
  const uint64_t word = eight(at) ^ 0x3030303030303030;
  const int count = leading_digits(word);
  if (count == 0) return at;
  // Zeros in front of the digits instead of what follows them.
  digits = digits * kIntegers[count] + spelled(word << (64 - 8 * count));
  return at + count;
}

// The bits of a double that a float has not, when they stand for exactly one half.
bool is_halfway(double value) {
  constexpr uint64_t kRest = (uint64_t{1} << 29) - 1;
  return (std::bit_cast<uint64_t>(value) & kRest) == uint64_t{1} << 28;
}

// Digits and power are exact, so their quotient is the double nearest to the number (Clinger 1990).
[[gnu::always_inline]] inline const char* parse_nearest(const char* begin, const char* end,
                                                        double& value) {
  const char* at = begin;
  const bool negative = at < end && *at == '-';
  if (negative) ++at;
  const char* const first = at;
  uint64_t digits = 0;
  for (; at < end && digit(*at) < 10; ++at) digits = 10 * digits + digit(*at);
  auto count = at - first;
  std::ptrdiff_t decimals = 0;
  if (at < end && *at == '.') {
    const char* const point = at++;
    if (end - at >= 8) at = append_digits(at, digits);
    for (; at < end && digit(*at) < 10; ++at) digits = 10 * digits + digit(*at);
    decimals = at - point - 1;
    count += decimals;
  }
  if (count == 0 || count > kMostDigits) return nullptr;
  if (at < end && (*at == 'e' || *at == 'E')) return nullptr;
  const double exact = static_cast<double>(digits) / kPowers[decimals];
  value = negative ? -exact : exact;
  return at;
}

}  // namespace

// Rounding a double again to a float is right as well, unless it lies between two of them.
const char* parse_plain_number(const char* begin, const char* end, float& value) {
  double nearest = 0;
  const char* const at = parse_nearest(begin, end, nearest);
  if (!at || is_halfway(nearest)) return nullptr;
  value = static_cast<float>(nearest);
  return at;
}

const char* parse_plain_number(const char* begin, const char* end, double& value) {
  return parse_nearest(begin, end, value);
}

}  // namespace mlrun::data
