#include "base/philox.h"

#include <cmath>
#include <numbers>

namespace mlrun {

PhiloxStream::PhiloxStream(uint64_t seed, Purpose purpose, uint32_t cell, uint32_t fold) {
  const PhiloxBlock mixed =
      philox4x32({static_cast<uint32_t>(purpose), cell, fold, 0x6D6C7275u},
                 {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  key_ = {mixed[0], mixed[1]};
}

float PhiloxStream::normal(uint64_t step, uint64_t i) const {
  const PhiloxBlock words = block(step, i / 4);
  const size_t pair = (i % 4) / 2 * 2;
  const double u1 = (static_cast<double>(words[pair]) + 1.0) * 0x1p-32;
  const double u2 = static_cast<double>(words[pair + 1]) * 0x1p-32;
  const double radius = std::sqrt(-2.0 * std::log(u1));
  const double angle = 2.0 * std::numbers::pi * u2;
  return static_cast<float>(radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle)));
}

uint64_t PhiloxStream::below(uint64_t step, uint64_t i, uint64_t bound) const {
  const PhiloxBlock words = block(step, i);
  const uint64_t draw = (uint64_t{words[1]} << 32) | words[0];
  return static_cast<uint64_t>((static_cast<unsigned __int128>(draw) * bound) >> 64);
}

}  // namespace mlrun
