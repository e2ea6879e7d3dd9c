#include "data/negative_table.h"

#include <cmath>

namespace mlrun::data {
namespace {

constexpr double kPower = 0.75;
constexpr uint64_t kTries = 4;

}  // namespace

NegativeTable::NegativeTable(std::span<const int64_t> counts, int64_t drawn)
    : drawn_(drawn), keep_(counts.size(), 1.0f), other_(counts.size()) {
  std::vector<double> share;
  double sum = 0;
  for (const int64_t count : counts) {
    share.push_back(std::pow(static_cast<double>(count), kPower));
    sum += share.back();
  }
  std::vector<int32_t> small;
  std::vector<int32_t> large;
  for (size_t i = 0; i < share.size(); ++i) {
    share[i] *= static_cast<double>(share.size()) / sum;
    other_[i] = static_cast<int32_t>(i);
    (share[i] < 1 ? small : large).push_back(static_cast<int32_t>(i));
  }
  while (!small.empty() && !large.empty()) {
    const auto little = static_cast<size_t>(small.back());
    const auto much = static_cast<size_t>(large.back());
    small.pop_back();
    keep_[little] = static_cast<float>(share[little]);
    other_[little] = large.back();
    share[much] -= 1 - share[little];
    if (share[much] >= 1) continue;
    small.push_back(large.back());
    large.pop_back();
  }
}

float NegativeTable::draw(const PhiloxBlock& random, size_t half) const {
  const uint64_t slot = uint64_t{random[2 * half]} * keep_.size() >> 32;
  const bool own = PhiloxStream::to_unit(random[2 * half + 1]) < keep_[slot];
  return static_cast<float>(own ? static_cast<int32_t>(slot) : other_[slot]);
}

void NegativeTable::fill(std::span<const int64_t> rows, int64_t width, const PhiloxStream& stream,
                         uint64_t pass, float* features) const {
  for (const int64_t row : rows) {
    features += width;
    float* out = features - drawn_;
    const float avoided = out[-1];
    for (int64_t i = 0; i < drawn_; ++i) {
      const uint64_t first = static_cast<uint64_t>(row * drawn_ + i) * kTries;
      for (uint64_t t = 0; t < 2 * kTries; ++t) {
        out[i] = draw(stream.block(pass, first + t / 2), t % 2);
        if (out[i] != avoided) break;
      }
    }
  }
}

}  // namespace mlrun::data
