#include "nn/layers/images.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

// Images without channels are grey ones, series without channels have one.
[[noreturn]] void wrong_rank(const char* wanted, const Shape& shape, bool only_channels_missing) {
  std::string message = fmt::format("needs {}, not {}", wanted, shape.to_string());
  if (only_channels_missing && shape.has_batch()) {
    message += fmt::format(
        ": put Reshape: {{target_shape: [{0}, 1]}} before it, or give dataset.shape: "
        "[{0}, 1]",
        fmt::join(shape.tail(1).dims(), ", "));
  }
  throw graph::ShapeError(message);
}

}  // namespace

ops::Extent extent(std::string_view field, const ImageSize& sizes) {
  if (sizes.size() == 1) return {sizes[0], sizes[0]};
  if (sizes.size() == 2) return {sizes[0], sizes[1]};
  throw graph::ShapeError(fmt::format(
      "{} must be one number, or two for height and width, not {} numbers", field, sizes.size()));
}

template <>
ValueId as_images<ImageSize>(Builder& b, ValueId x) {
  const Shape& shape = b.graph().shape(x);
  if (shape.rank() == 4) return x;
  wrong_rank("images (N, H, W, C)", shape, shape.rank() == 3);
}

template <>
ValueId as_images<SeriesSize>(Builder& b, ValueId x) {
  const Shape& shape = b.graph().shape(x);
  if (shape.rank() != 3) wrong_rank("series (N, T, C)", shape, shape.rank() == 2);
  return ops::reshape(b.graph(), x, Shape{kBatch, 1, shape[1], shape[2]});
}

template <>
ValueId from_images<ImageSize>(Builder&, ValueId y) {
  return y;
}

template <>
ValueId from_images<SeriesSize>(Builder& b, ValueId y) {
  const Shape& shape = b.graph().shape(y);
  return ops::reshape(b.graph(), y, Shape{kBatch, shape[2], shape[3]});
}

}  // namespace mlrun::nn
