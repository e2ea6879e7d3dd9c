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

int64_t capped_product(int64_t a, int64_t b) {
  constexpr int64_t kMost = int64_t{1} << 56;
  int64_t product = 0;
  const bool overflow = __builtin_mul_overflow(a, b, &product);
  return overflow ? kMost : std::min(product, kMost);
}

int64_t Shape::elements(int64_t batch) const {
  int64_t count = 1;
  for (const int64_t dim : dims()) count = capped_product(count, dim == kBatch ? batch : dim);
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
