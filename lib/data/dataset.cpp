#include "data/dataset.h"

namespace mlrun::data {

float Dataset::stored(int64_t row, int64_t column) const {
  const int64_t at = row * width() + column;
  if (storage == Storage::kUint8) return static_cast<const uint8_t*>(features)[at];
  return static_cast<const float*>(features)[at];
}

float Dataset::feature(int64_t row, int64_t column) const {
  const float offset = stored(row, column);
  const double origin = columns[static_cast<size_t>(column)].origin;
  return origin == 0 ? offset : static_cast<float>(origin + static_cast<double>(offset));
}

}  // namespace mlrun::data
