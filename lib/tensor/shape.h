// Shapes. The letters used everywhere:
//   N batch   C channels, classes or features   H height   W width   T time   D width of a token
//   K units of a layer
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace mlrun {

/// The leading dimension whose size is known only when a batch arrives. Printed as N.
inline constexpr int64_t kBatch = -1;

/// a times b, sizes of 0 and more. A product that no memory holds stays at 2^56: a check of sizes
/// sees that it is too much, and numbers of bytes made from it stay below 2^63.
int64_t capped_product(int64_t a, int64_t b);

/// Up to kMaxRank dimensions, held inline: copying never allocates. Only the first dimension may
/// be kBatch. Rank 0 is a scalar with one element.
class Shape {
 public:
  static constexpr int kMaxRank = 6;

  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t back() const { return rank_ == 0 ? 1 : dims_[static_cast<size_t>(rank_ - 1)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  /// Whether the first dimension is the batch, still symbolic or already given a size.
  bool has_batch() const { return batched_; }

  /// Number of elements; kBatch counts as `batch`.
  int64_t elements(int64_t batch = 1) const;

  /// Elements of one sample: everything but a leading kBatch.
  int64_t sample_elements() const { return with_batch(1).elements(); }

  /// The batch dimension given a size; has_batch() stays true, so that (N) with N = 128 is not
  /// taken for a vector of 128 channels.
  Shape with_batch(int64_t batch) const;

  /// Dimensions [from, rank()).
  Shape tail(int from) const { return Shape(dims().subspan(static_cast<size_t>(from))); }

  bool operator==(const Shape& other) const = default;

  /// "(N, 28, 28)", "(100)", "()".
  std::string to_string() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
  bool batched_ = false;
};

}  // namespace mlrun
