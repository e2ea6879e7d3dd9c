// Between the arrays of mlrun and those of a library of convolutions: it has the channels of a
// filter side by side, and pads images by as much behind as before.
#include "ops/image/cuda_convolution.h"
#include "ops/image/device_images.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {
namespace {

using device::ConvolutionPass;
using device::ConvolutionShape;

ConvolutionShape::Axis axis_of(const ConvolutionAxis& a) {
  return {a.in, a.kernel, a.out, a.stride, a.dilation, a.padding};
}

ConvolutionShape shape_of(const Convolution& x, const ConvolutionGeometry& geometry) {
  ConvolutionShape shape;
  shape.pass = x.pass;
  shape.batch = x.images[0];
  shape.channels = x.images[3];
  shape.filters = x.filters[3];
  shape.groups = geometry.groups;
  shape.h = axis_of(geometry.axes[0]);
  shape.w = axis_of(geometry.axes[1]);
  shape.tf32 = x.may_use_tf32;
  return shape;
}

// y (columns, rows) of x (rows, columns).
void transpose(const graph::KernelCall& call, const Stacked<const float>& x,
               const Stacked<float>& y, int64_t rows, int64_t columns) {
  const Divider divider(rows);
  for_each_element(call, rows * columns, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t column = divider.quotient(i);
    y(k)[i] = x(k)[(i - column * rows) * columns + column];
  });
}

// Writes images of one size, `ahead` pixels of which lie before those of the other size that are
// read; 0 where there are none.
void shift_images(const graph::KernelCall& call, const Stacked<const float>& x, const Images& from,
                  const Stacked<float>& y, const Images& to, int64_t count, int64_t rows_ahead,
                  int64_t columns_ahead) {
  for_each_element(call, count, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const PixelChannel at = to.at(i);
    const int64_t row = at.row - rows_ahead;
    const int64_t column = at.column - columns_ahead;
    const bool is_inside = row >= 0 && row < from.pixels.height.divisor() && column >= 0 &&
                           column < from.pixels.width.divisor();
    y(k)[i] = is_inside ? x(k)[from.index(at.image, row, column, at.channel)] : 0;
  });
}

class LibraryConvolution {
 public:
  LibraryConvolution(const graph::KernelCall& call, const Convolution& x)
      : call_(call),
        axes_(x.geometry.axes),
        places_(library_places(x.geometry, x.images[0], x.images[3], x.filters)),
        shape_(shape_of(x, places_.geometry)),
        images_(axes_[0].in, axes_[1].in, shape_.channels),
        padded_(shape_.h.in, shape_.w.in, shape_.channels),
        rows_(x.filters[0] * x.filters[1] * x.filters[2]),
        filters_(workspace_values<float>(call, places_.count)),
        padded_images_(behind(filters_, places_.first_image)) {}

  bool is_possible() const { return can_convolve(call_, shape_); }

  void run(const Stacked<const float>& a, const Stacked<const float>& b,
           const Stacked<float>& c) const {
    switch (shape_.pass) {
      case ConvolutionPass::kResult:
        return convolve(call_, shape_, with_padding(a), channels_last(b), c);
      case ConvolutionPass::kFilters:
        convolve(call_, shape_, with_padding(a), b, filters_);
        return transpose(call_, read(filters_), c, shape_.filters, rows_);
      case ConvolutionPass::kImages:
        if (!places_.pads_images) return convolve(call_, shape_, a, channels_last(b), c);
        convolve(call_, shape_, a, channels_last(b), padded_images_);
        return shift_images(call_, read(padded_images_), padded_, c, images_, count_of(images_),
                            -axes_[0].padding, -axes_[1].padding);
    }
  }

 private:
  static Stacked<const float> read(const Stacked<float>& x) { return {x.data, x.stride}; }

  int64_t count_of(const Images& images) const {
    return shape_.batch * images.pixels.height.divisor() * images.pixels.width.divisor() *
           shape_.channels;
  }

  Stacked<const float> channels_last(const Stacked<const float>& filters) const {
    transpose(call_, filters, filters_, rows_, shape_.filters);
    return read(filters_);
  }

  Stacked<const float> with_padding(const Stacked<const float>& x) const {
    if (!places_.pads_images) return x;
    shift_images(call_, x, images_, padded_images_, padded_, count_of(padded_), axes_[0].padding,
                 axes_[1].padding);
    return read(padded_images_);
  }

  const graph::KernelCall& call_;
  std::array<ConvolutionAxis, 2> axes_;
  LibraryPlaces places_;
  ConvolutionShape shape_;
  Images images_, padded_;
  int64_t rows_;  // of the filters: taps times channels
  Stacked<float> filters_, padded_images_;
};

}  // namespace

bool convolve_by_library(const graph::KernelCall& call, const Convolution& convolution,
                         const Stacked<const float>& a, const Stacked<const float>& b,
                         const Stacked<float>& c) {
  if (convolution.images.elements() == 0 || convolution.filters.elements() == 0) return false;
  const LibraryConvolution library(call, convolution);
  if (!library.is_possible()) return false;
  library.run(a, b, c);
  return true;
}

}  // namespace mlrun::ops
