// Statistics of feature columns over some of the rows, without the columns' origins: of what is
// stored.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/dataset.h"

namespace mlrun::data {

/// Missing values are left out. All zero for a column without any value.
struct ColumnStatistics {
  int64_t count = 0;
  double mean = 0;
  double variance = 0;  ///< population variance; 0 if it is rounding of a constant column
  double min = 0;
  double max = 0;
};

/// Of every column, in two passes over the rows.
std::vector<ColumnStatistics> column_statistics(const Dataset& dataset,
                                                std::span<const int64_t> rows);

/// The values of one column that are not missing, sorted.
std::vector<float> sorted_values(const Dataset& dataset, std::span<const int64_t> rows,
                                 int64_t column);

/// Of sorted values: the middle one, or the mean of the two in the middle.
double median(const std::vector<float>& sorted);

/// Of sorted values: the smallest of those that occur most often, as scikit-learn's imputer.
double most_frequent(const std::vector<float>& sorted);

}  // namespace mlrun::data
