// Where pixels and channels of images (N, H, W, C) lie, for the kernels of a GPU.
#pragma once

#include "ops/kernel/device_code.h"
#include "ops/kernel/divider.h"

namespace mlrun::ops {

struct Pixel {
  int64_t image, row, column;
};

/// Pixels counted through.
struct Pixels {
  Divider height, width;

  Pixels(int64_t rows, int64_t columns) : height(rows), width(columns) {}

  MLRUN_DEVICE Pixel at(int64_t i) const {
    const int64_t line = width.quotient(i);
    const int64_t image = height.quotient(line);
    return {image, line - image * height.divisor(), i - line * width.divisor()};
  }

  MLRUN_DEVICE int64_t index(int64_t image, int64_t row, int64_t column) const {
    return (image * height.divisor() + row) * width.divisor() + column;
  }
};

struct PixelChannel {
  int64_t image, row, column, channel;
};

/// Their elements counted through.
struct Images {
  Pixels pixels;
  Divider channels;

  Images(int64_t rows, int64_t columns, int64_t channel_count)
      : pixels(rows, columns), channels(channel_count) {}

  MLRUN_DEVICE PixelChannel at(int64_t i) const {
    const int64_t index = channels.quotient(i);
    const Pixel p = pixels.at(index);
    return {p.image, p.row, p.column, i - index * channels.divisor()};
  }

  MLRUN_DEVICE int64_t index(int64_t image, int64_t row, int64_t column, int64_t channel) const {
    return pixels.index(image, row, column) * channels.divisor() + channel;
  }
};

}  // namespace mlrun::ops
