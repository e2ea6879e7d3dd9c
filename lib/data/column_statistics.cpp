#include "data/column_statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace mlrun::data {
namespace {

template <class T>
void see_values(const Dataset& dataset, std::span<const int64_t> rows,
                std::vector<ColumnStatistics>& columns) {
  const size_t width = columns.size();
  for (const int64_t row : rows) {
    const T* x = static_cast<const T*>(dataset.features) + row * static_cast<int64_t>(width);
    for (size_t c = 0; c < width; ++c) {
      const auto value = static_cast<double>(x[c]);
      if (std::isnan(value)) continue;
      ColumnStatistics& column = columns[c];
      column.min = column.count == 0 ? value : std::min(column.min, value);
      column.max = column.count == 0 ? value : std::max(column.max, value);
      column.mean += value;
      ++column.count;
    }
  }
}

template <class T>
void see_squares(const Dataset& dataset, std::span<const int64_t> rows,
                 std::vector<ColumnStatistics>& columns) {
  const size_t width = columns.size();
  for (const int64_t row : rows) {
    const T* x = static_cast<const T*>(dataset.features) + row * static_cast<int64_t>(width);
    for (size_t c = 0; c < width; ++c) {
      const auto value = static_cast<double>(x[c]);
      if (std::isnan(value)) continue;
      columns[c].variance += (value - columns[c].mean) * (value - columns[c].mean);
    }
  }
}

// scikit-learn's _is_constant_feature: the bound of the rounding error of the variance.
bool is_rounding(const ColumnStatistics& column) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const auto n = static_cast<double>(column.count);
  return column.variance <=
         n * kEpsilon * column.variance + std::pow(n * column.mean * kEpsilon, 2);
}

template <class T>
std::vector<ColumnStatistics> statistics_of(const Dataset& dataset, std::span<const int64_t> rows) {
  std::vector<ColumnStatistics> columns(static_cast<size_t>(dataset.width()));
  see_values<T>(dataset, rows, columns);
  for (ColumnStatistics& column : columns) {
    column.mean /= static_cast<double>(std::max<int64_t>(column.count, 1));
  }
  see_squares<T>(dataset, rows, columns);
  for (ColumnStatistics& column : columns) {
    column.variance /= static_cast<double>(std::max<int64_t>(column.count, 1));
    if (is_rounding(column)) column.variance = 0;
  }
  return columns;
}

}  // namespace

std::vector<ColumnStatistics> column_statistics(const Dataset& dataset,
                                                std::span<const int64_t> rows) {
  if (dataset.storage == Storage::kUint8) return statistics_of<uint8_t>(dataset, rows);
  return statistics_of<float>(dataset, rows);
}

std::vector<float> sorted_values(const Dataset& dataset, std::span<const int64_t> rows,
                                 int64_t column) {
  std::vector<float> values;
  for (const int64_t row : rows) {
    const float value = dataset.stored(row, column);
    if (!std::isnan(value)) values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  return values;
}

double median(const std::vector<float>& sorted) {
  const size_t middle = sorted.size() / 2;
  const auto upper = static_cast<double>(sorted[middle]);
  if (sorted.size() % 2 == 1) return upper;
  return (static_cast<double>(sorted[middle - 1]) + upper) / 2;
}

double most_frequent(const std::vector<float>& sorted) {
  size_t best_size = 0;
  float best = 0;
  for (size_t begin = 0; begin < sorted.size();) {
    const auto end = static_cast<size_t>(
        std::upper_bound(sorted.begin(), sorted.end(), sorted[begin]) - sorted.begin());
    if (end - begin > best_size) {
      best_size = end - begin;
      best = sorted[begin];
    }
    begin = end;
  }
  return static_cast<double>(best);
}

}  // namespace mlrun::data
