#include "data/dataset.h"

namespace mlrun::data {

float Dataset::feature(int64_t row, int64_t column) const {
  const int64_t at = row * width() + column;
  if (storage == Storage::kUint8) return static_cast<const uint8_t*>(features)[at];
  return static_cast<const float*>(features)[at];
}

}  // namespace mlrun::data
