#include "tensor/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mlrun {

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  if (dims.size() > kMaxRank) {
    throw Error(fmt::format("{} dimensions are more than the {} supported", dims.size(), kMaxRank));
  }
  std::copy(dims.begin(), dims.end(), dims_.begin());
  batched_ = rank_ > 0 && dims_[0] == kBatch;
}

// A count that no memory holds stays at this one: a check of sizes sees that it is too much, and
// numbers of bytes made from it stay below 2^63.
constexpr int64_t kMostElements = int64_t{1} << 56;

int64_t Shape::elements(int64_t batch) const {
  int64_t count = 1;
  for (const int64_t dim : dims()) {
    const bool overflow = __builtin_mul_overflow(count, dim == kBatch ? batch : dim, &count);
    if (overflow || count > kMostElements) count = kMostElements;
  }
  return count;
}

Shape Shape::with_batch(int64_t batch) const {
  Shape shape = *this;
  if (has_batch()) shape.dims_[0] = batch;
  return shape;
}

std::string Shape::to_string() const {
  std::string text;
  for (const int64_t dim : dims()) {
    text += (text.empty() ? "" : ", ") + (dim == kBatch ? "N" : std::to_string(dim));
  }
  return "(" + text + ")";
}

}  // namespace mlrun
