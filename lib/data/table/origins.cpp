#include "data/table/origins.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace mlrun::data {
namespace {

constexpr double kMostRanges = 4096;     // from zero; float32 has 2^24 steps up to any number
constexpr double kSmallConstant = 4096;  // a column of one such whole number hides no differences

constexpr size_t kColumnsAtOnce = 8;

template <size_t kCount>
void see_columns(const float* x, int64_t rows, size_t width, float* least, float* greatest) {
  std::array<float, kCount> low;
  std::array<float, kCount> high;
  std::copy_n(least, kCount, low.begin());
  std::copy_n(greatest, kCount, high.begin());
  for (; rows > 0; --rows, x += width) {
    for (size_t c = 0; c < kCount; ++c) {
      low[c] = x[c] < low[c] ? x[c] : low[c];
      high[c] = x[c] > high[c] ? x[c] : high[c];
    }
  }
  std::copy_n(low.begin(), kCount, least);
  std::copy_n(high.begin(), kCount, greatest);
}

double origin_of(double least, double greatest) {
  if (least > greatest) return 0;
  const double size = std::max(std::abs(least), std::abs(greatest));
  if (size <= kMostRanges * (greatest - least)) return 0;
  const bool whole = least == greatest && least == std::floor(least);
  if (whole && size <= kSmallConstant) return 0;
  return static_cast<float>((least + greatest) / 2);
}

}  // namespace

void FeatureRanges::start(size_t width) {
  least.assign(width, std::numeric_limits<float>::infinity());
  greatest.assign(width, -std::numeric_limits<float>::infinity());
}

// A few columns at a time, whose bounds stay in registers.
void FeatureRanges::see(const float* features, int64_t rows) {
  const size_t width = least.size();
  size_t c = 0;
  for (; c + kColumnsAtOnce <= width; c += kColumnsAtOnce) {
    see_columns<kColumnsAtOnce>(features + c, rows, width, &least[c], &greatest[c]);
  }
  for (; c + 2 <= width; c += 2) {
    see_columns<2>(features + c, rows, width, &least[c], &greatest[c]);
  }
  if (c < width) see_columns<1>(features + c, rows, width, &least[c], &greatest[c]);
}

void FeatureRanges::add(const FeatureRanges& more) {
  for (size_t c = 0; c < least.size(); ++c) {
    least[c] = std::min(least[c], more.least[c]);
    greatest[c] = std::max(greatest[c], more.greatest[c]);
  }
}

// In one pass: the mean and the squares from the first value, which costs no digits of a target
// that lies far from zero.
void TargetRounding::see(const std::vector<double>& values, size_t target, size_t width) {
  if (values.empty()) return;
  const double first = values[target];
  double sum = 0;
  for (size_t i = target; i < values.size(); i += width) {
    const double x = values[i];
    const double error = x - static_cast<double>(static_cast<float>(x));
    const double distance = x - first;
    least = x < least ? x : least;
    greatest = x > greatest ? x : greatest;
    errors += error * error;
    squares += distance * distance;
    sum += distance;
  }
  count = static_cast<int64_t>(values.size() / width);
  mean = first + sum / static_cast<double>(count);
  squares -= sum * sum / static_cast<double>(count);
}

// Chan, Golub, LeVeque 1979.
void TargetRounding::add(const TargetRounding& more) {
  if (more.count == 0) return;
  const auto a = static_cast<double>(count);
  const auto b = static_cast<double>(more.count);
  const double apart = more.mean - mean;
  mean += apart * b / (a + b);
  squares += more.squares + apart * apart * a * b / (a + b);
  errors += more.errors;
  count += more.count;
  least = std::min(least, more.least);
  greatest = std::max(greatest, more.greatest);
}

double TargetRounding::share() const { return least < greatest ? std::sqrt(errors / squares) : 0; }

double TargetRounding::step() const {
  const auto end = static_cast<float>(std::max(std::abs(least), std::abs(greatest)));
  return static_cast<double>(end) - static_cast<double>(std::nextafter(end, 0.0f));
}

bool choose_origins(const FeatureRanges& ranges, TablePlan& plan) {
  bool any = false;
  for (ColumnPlan& column : plan.columns) {
    if (column.use != ColumnUse::kFeature || column.text) continue;
    const auto slot = static_cast<size_t>(column.slot);
    column.origin = origin_of(static_cast<double>(ranges.least[slot]),
                              static_cast<double>(ranges.greatest[slot]));
    any = any || column.origin != 0;
  }
  return any;
}

}  // namespace mlrun::data
