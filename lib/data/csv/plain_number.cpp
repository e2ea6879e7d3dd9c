#include "data/csv/plain_number.h"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace mlrun::data {
namespace {

// Powers of ten that a double holds exactly.
constexpr double kPowers[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
constexpr int kMostDigits = 15;

unsigned digit(char c) { return static_cast<unsigned>(c) - '0'; }

// The bits of a double that a float has not, when they stand for exactly one half.
bool is_halfway(double value) {
  constexpr uint64_t kRest = (uint64_t{1} << 29) - 1;
  return (std::bit_cast<uint64_t>(value) & kRest) == uint64_t{1} << 28;
}

}  // namespace

// Digits and power are exact, so their quotient is the double nearest to the number (Clinger 1990).
// Rounding it again to a float is right as well, unless it lies between two of them.
const char* parse_plain_number(const char* begin, const char* end, float& value) {
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
    for (; at < end && digit(*at) < 10; ++at) digits = 10 * digits + digit(*at);
    decimals = at - point - 1;
    count += decimals;
  }
  if (count == 0 || count > kMostDigits) return nullptr;
  if (at < end && (*at == 'e' || *at == 'E')) return nullptr;
  const double exact = static_cast<double>(digits) / kPowers[decimals];
  if (is_halfway(exact)) return nullptr;
  value = static_cast<float>(negative ? -exact : exact);
  return at;
}

}  // namespace mlrun::data
