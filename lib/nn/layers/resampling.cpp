#include "nn/layers/resampling.h"

#include <fmt/format.h>

#include "ops/functions.h"

namespace mlrun::nn {
namespace {

using config::count;
using config::FieldList;
using config::FieldListOf;

constexpr const char* kSidesDoc = "one number, [height, width], or [[top, bottom], [left, right]]";

ops::Margins margins_of(const char* field, const Sides& sides) {
  const ImageSize& height = sides.front();
  const ImageSize& width = sides.back();
  const bool fits = sides.size() <= 2 && !height.empty() && !width.empty() && height.size() <= 2 &&
                    height.size() == width.size() && (sides.size() == 2 || height.size() == 1);
  if (!fits) throw graph::ShapeError(fmt::format("{} must be {}", field, kSidesDoc));
  return {height.front(), height.back(), width.front(), width.back()};
}

}  // namespace

const FieldList& UpSampling1D::fields() {
  static const FieldList list =
      FieldListOf<UpSampling1D>("UpSampling1D", "Each step of a series several times.")
          .field("size", &UpSampling1D::size, "how many times", count());
  return list;
}

ValueId UpSampling1D::build(Builder& b, ValueId x) const {
  return from_images<SeriesSize>(b, ops::repeat(b.graph(), as_images<SeriesSize>(b, x), 2, size));
}

const FieldList& UpSampling2D::fields() {
  static const FieldList list =
      FieldListOf<UpSampling2D>("UpSampling2D", "A larger image.")
          .field("size", &UpSampling2D::size, "factor, or factors of height and width", count())
          .field("interpolation", &UpSampling2D::interpolation,
                 "nearest: pixels are repeated; bilinear: between their centres");
  return list;
}

ValueId UpSampling2D::build(Builder& b, ValueId x) const {
  graph::Graph& g = b.graph();
  x = as_images<ImageSize>(b, x);
  const ops::Extent factors = extent("size", size);
  if (interpolation == Interpolation::kBilinear) return ops::upsample_bilinear(g, x, factors);
  return ops::repeat(g, ops::repeat(g, x, 1, factors[0]), 2, factors[1]);
}

const FieldList& ZeroPadding2D::fields() {
  static const FieldList list =
      FieldListOf<ZeroPadding2D>("ZeroPadding2D", "Zeros around an image.")
          .field("padding", &ZeroPadding2D::padding, kSidesDoc, count(0));
  return list;
}

ValueId ZeroPadding2D::build(Builder& b, ValueId x) const {
  return ops::pad(b.graph(), as_images<ImageSize>(b, x), margins_of("padding", padding));
}

const FieldList& Cropping2D::fields() {
  static const FieldList list =
      FieldListOf<Cropping2D>("Cropping2D", "An image without its borders.")
          .field("cropping", &Cropping2D::cropping, kSidesDoc, count(0));
  return list;
}

ValueId Cropping2D::build(Builder& b, ValueId x) const {
  const ops::Margins cut = margins_of("cropping", cropping);
  return ops::pad(b.graph(), as_images<ImageSize>(b, x),
                  {-cut.top, -cut.bottom, -cut.left, -cut.right});
}

}  // namespace mlrun::nn
