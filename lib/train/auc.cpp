#include "train/auc.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace mlrun::train {
namespace {

// A float's bits in the order of its value, with the label in front of the lowest bits' place.
uint64_t sort_key(float score, bool positive) {
  const auto bits = std::bit_cast<uint32_t>(score == 0 ? 0.0f : score);
  const uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (uint64_t{ordered} << 1) | (positive ? 1 : 0);
}

// Three passes over the 33 bits of the keys, eleven at a time: some ten times as fast as std::sort.
void sort_keys(std::vector<uint64_t>& keys) {
  constexpr int kBits = 11;
  constexpr size_t kBuckets = size_t{1} << kBits;
  constexpr size_t kFew = 1024;
  if (keys.size() < kFew) return std::sort(keys.begin(), keys.end());
  std::vector<uint64_t> sorted(keys.size());
  std::vector<size_t> place(kBuckets);
  for (int shift = 0; shift < 33; shift += kBits) {
    const auto bucket = [&](uint64_t key) { return (key >> shift) & (kBuckets - 1); };
    std::fill(place.begin(), place.end(), size_t{0});
    for (const uint64_t key : keys) ++place[bucket(key)];
    std::exclusive_scan(place.begin(), place.end(), place.begin(), size_t{0});
    for (const uint64_t key : keys) sorted[place[bucket(key)]++] = key;
    keys.swap(sorted);
  }
}

}  // namespace

double roc_auc(const Scores& scores, int64_t column, int32_t positive) {
  std::vector<uint64_t> keys(static_cast<size_t>(scores.rows()));
  for (size_t i = 0; i < keys.size(); ++i) {
    const float score = scores.predictions[i * size_t(scores.width) + size_t(column)];
    if (std::isnan(score)) return std::numeric_limits<double>::quiet_NaN();
    keys[i] = sort_key(score, scores.labels[i] == positive);
  }
  sort_keys(keys);
  double negatives_below = 0;
  double positives = 0;
  double wins = 0;
  for (size_t i = 0; i < keys.size();) {
    double tied_positives = 0;
    double tied_negatives = 0;
    const uint64_t score = keys[i] >> 1;
    for (; i < keys.size() && keys[i] >> 1 == score; ++i) {
      (keys[i] & 1 ? tied_positives : tied_negatives) += 1;
    }
    wins += tied_positives * (negatives_below + tied_negatives / 2);
    negatives_below += tied_negatives;
    positives += tied_positives;
  }
  if (positives == 0 || negatives_below == 0) return std::numeric_limits<double>::quiet_NaN();
  return wins / (positives * negatives_below);
}

}  // namespace mlrun::train
