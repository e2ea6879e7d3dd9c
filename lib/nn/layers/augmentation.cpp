#include "nn/layers/augmentation.h"

#include <fmt/format.h>

#include <cmath>

namespace mlrun::nn {
namespace {

using config::FieldList;
using config::FieldListOf;

// The image as it is, to be changed.
ops::AugmentSettings unchanged(Builder& b, ValueId x) {
  const Shape& shape = b.graph().shape(x);
  ops::AugmentSettings settings;
  settings.height.out = shape[1];
  settings.width.out = shape[2];
  settings.salt = b.next_salt();
  return settings;
}

void shift(ops::AugmentAxis& axis, double factor) {
  axis.first_high = std::llround(factor * static_cast<double>(axis.out));
  axis.first_low = -axis.first_high;
}

}  // namespace

const FieldList& RandomFlip::fields() {
  static const FieldList list =
      FieldListOf<RandomFlip>("RandomFlip", "Every second image mirrored, in training.")
          .field("mode", &RandomFlip::mode, "left and right, up and down, or both");
  return list;
}

ValueId RandomFlip::build(Builder& b, ValueId x) const {
  x = as_images<ImageSize>(b, x);
  if (!b.augments()) return x;
  ops::AugmentSettings settings = unchanged(b, x);
  settings.height.flip = mode != FlipMode::kHorizontal;
  settings.width.flip = mode != FlipMode::kVertical;
  return ops::augment(b.graph(), x, b.random_state(), settings);
}

const FieldList& RandomCrop::fields() {
  static const FieldList list =
      FieldListOf<RandomCrop>("RandomCrop",
                              "A random part of each image; the middle one, when "
                              "the model is not trained.")
          .field("height", &RandomCrop::height, "rows of the part", config::required,
                 config::count())
          .field("width", &RandomCrop::width, "columns of the part", config::required,
                 config::count());
  return list;
}

ValueId RandomCrop::build(Builder& b, ValueId x) const {
  x = as_images<ImageSize>(b, x);
  const Shape shape = b.graph().shape(x);
  const int64_t rows = shape[1] - height;
  const int64_t columns = shape[2] - width;
  if (rows < 0 || columns < 0) {
    throw graph::ShapeError(
        fmt::format("cannot cut {} x {} out of {}", height, width, shape.to_string()));
  }
  if (!b.augments()) {
    const int64_t top = rows / 2;
    const int64_t left = columns / 2;
    return ops::pad(b.graph(), x, {-top, top - rows, -left, left - columns});
  }
  ops::AugmentSettings settings = unchanged(b, x);
  settings.height = {height, 0, rows, false};
  settings.width = {width, 0, columns, false};
  return ops::augment(b.graph(), x, b.random_state(), settings);
}

const FieldList& RandomTranslation::fields() {
  static const FieldList list =
      FieldListOf<RandomTranslation>("RandomTranslation",
                                     "Images shifted by whole pixels, in training.")
          .field("height_factor", &RandomTranslation::height_factor,
                 "up or down by at most this fraction of the height", config::required,
                 config::between(0, 1))
          .field("width_factor", &RandomTranslation::width_factor,
                 "left or right by at most this fraction of the width", config::required,
                 config::between(0, 1))
          .field("fill_mode", &RandomTranslation::fill_mode, "what is shown in the gap")
          .field("fill_value", &RandomTranslation::fill_value, "of the fill mode constant");
  return list;
}

ValueId RandomTranslation::build(Builder& b, ValueId x) const {
  x = as_images<ImageSize>(b, x);
  if (!b.augments()) return x;
  ops::AugmentSettings settings = unchanged(b, x);
  shift(settings.height, height_factor);
  shift(settings.width, width_factor);
  settings.fill_mode = fill_mode;
  settings.fill_value = static_cast<float>(fill_value);
  return ops::augment(b.graph(), x, b.random_state(), settings);
}

}  // namespace mlrun::nn
