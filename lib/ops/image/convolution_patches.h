// A convolution as a matrix product: the patch of an output pixel is what its window reads, 0
// outside of the image. With the rows P of all patches, the filters W and, per output pixel, a row
// of y:
//
//   y = P W          dW = P^T dy          dx = the sums of what dy W^T has for each element of x
//
// P is (N OH OW, groups, KH KW, C / groups), W (KH KW C / groups, K) as it lies: group g takes its
// columns of P and of W, and writes its columns of y.
#pragma once

#include <algorithm>

#include "ops/image/convolution.h"

namespace mlrun::ops {

/// Of patches in the workspace of each copy of a stack, at most, or those of one image.
inline constexpr int64_t kPatchBytes = int64_t{64} << 20;

struct Patches {
  ConvolutionGeometry geometry;
  int64_t channels = 0;  ///< of the images, all groups

  int64_t taps() const { return geometry.axes[0].kernel * geometry.axes[1].kernel; }
  int64_t columns() const { return taps() * channels; }
  int64_t rows_of_image() const { return geometry.axes[0].out * geometry.axes[1].out; }
  int64_t of_image() const { return rows_of_image() * columns(); }
  int64_t elements_of_image() const { return geometry.axes[0].in * geometry.axes[1].in * channels; }

  /// Whether they lie in memory as the images do, so that nothing is to be copied.
  bool are_images() const {
    const auto all = [this](auto is) { return is(geometry.axes[0]) && is(geometry.axes[1]); };
    return all(is_pixel) || (geometry.groups == 1 && all(is_whole));
  }

  /// Images whose patches are made at once; at least one. More than one only if they and their
  /// patches can be counted in 32 bits.
  int64_t most_images() const {
    const int64_t elements = std::max<int64_t>({of_image(), elements_of_image(), 1});
    const int64_t bytes = elements * static_cast<int64_t>(sizeof(float));
    return std::max<int64_t>(kPatchBytes / bytes, 1);
  }

  /// The same for a batch that is cut evenly.
  int64_t images_of_part(int64_t batch) const {
    if (are_images()) return batch;
    const int64_t parts = (batch + most_images() - 1) / most_images();
    return parts == 0 ? 0 : (batch + parts - 1) / parts;
  }

  /// Elements of the workspace, enough for smaller batches too.
  int64_t count(int64_t batch) const {
    return are_images() ? 0 : std::min(batch, most_images()) * of_image();
  }

 private:
  static bool is_pixel(const ConvolutionAxis& a) {
    return a.kernel == 1 && a.stride == 1 && a.padding == 0 && a.in == a.out;
  }
  static bool is_whole(const ConvolutionAxis& a) {
    return a.kernel == a.in && a.out == 1 && a.padding == 0 && a.dilation == 1;
  }
};

}  // namespace mlrun::ops
