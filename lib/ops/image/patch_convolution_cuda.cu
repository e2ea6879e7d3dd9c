// Convolutions by a library of matrix products. Patches are made and added up by threads that each
// take four neighbouring channels where these are aligned, else one.
#include "base/error.h"
#include "ops/image/convolution_patches.h"
#include "ops/image/cuda_convolution.h"
#include "ops/image/device_taps.h"
#include "ops/kernel/device_floats.h"
#include "ops/kernel/device_workspace.h"
#include "ops/kernel/launch.h"
#include "ops/product/cuda_product.h"

namespace mlrun::ops {
namespace {

using device::ConvolutionPass;

// Where elements of images and of their patches lie; all channels are counted in groups of `width`
// neighbours, and within an image in 32 bits.
class PatchMap {
 public:
  // Reads the images for an element of the patches, or, `gathering`, the other way round.
  PatchMap(const Patches& p, int64_t width, bool gathering)
      : h_(taps(p.geometry.axes[0], gathering)),
        w_(taps(p.geometry.axes[1], gathering)),
        kernel_height_(h_.kernel),
        kernel_width_(w_.kernel),
        rows_(h_.out),
        columns_(w_.out),
        groups_(p.geometry.groups),
        channels_(p.channels / p.geometry.groups / width),
        all_channels_(static_cast<int32_t>(p.channels / width)),
        taps_(static_cast<int32_t>(p.taps())),
        of_image_(p.elements_of_image() / width),
        of_patches_(p.of_image() / width) {}

  // What of the images goes to element i of the patches; -1: nothing.
  MLRUN_DEVICE int64_t source(int32_t i) const {
    const int32_t channel = step(i, channels_);
    const int32_t b = step(i, kernel_width_);
    const int32_t a = step(i, kernel_height_);
    const int32_t group = step(i, groups_);
    const int32_t column = w_.source(step(i, columns_), b);
    const int32_t row = h_.source(step(i, rows_), a);
    if (row < 0 || column < 0) return -1;
    const int32_t pixel = row * static_cast<int32_t>(w_.in) + column;
    return i * of_image_ + pixel * all_channels_ + group * small(channels_) + channel;
  }

  // Calls visit(element of the patches) for all that went to element i of the images, from the last
  // tap to the first.
  template <class Visit>
  MLRUN_DEVICE void for_each_copy(int32_t i, Visit visit) const {
    const int32_t channel = step(i, channels_);
    const int32_t group = step(i, groups_);
    const int32_t column = step(i, columns_);
    const int32_t row = step(i, rows_);
    const int64_t first = i * of_patches_ + channel;
    const auto width = static_cast<int32_t>(w_.in);
    for (int32_t a = 0; a < small(kernel_height_); ++a) {
      const int32_t from_row = h_.source(row, a);
      if (from_row < 0) continue;
      for (int32_t b = 0; b < small(kernel_width_); ++b) {
        const int32_t from_column = w_.source(column, b);
        if (from_column < 0) continue;
        const int32_t tap = taps_ - 1 - (a * small(kernel_width_) + b);
        const int32_t patch = (from_row * width + from_column) * taps_ * small(groups_);
        visit(first + (patch + group * taps_ + tap) * small(channels_));
      }
    }
  }

 private:
  static TapAxis taps(const ConvolutionAxis& axis, bool gathering) {
    return gathering ? transposed_taps(axis) : plain_taps(axis);
  }

  MLRUN_DEVICE static int32_t small(const Divider& x) { return static_cast<int32_t>(x.divisor()); }

  // The remainder; i becomes the quotient.
  MLRUN_DEVICE static int32_t step(int32_t& i, const Divider& divider) {
    const int32_t whole = i;
    i = divider.small_quotient(whole);
    return whole - i * small(divider);
  }

  DeviceTaps h_, w_;
  Divider kernel_height_, kernel_width_;
  Divider rows_, columns_;  // of what is written
  Divider groups_, channels_;
  int32_t all_channels_, taps_;
  int64_t of_image_, of_patches_;
};

template <int kWidth>
void make_patches(const graph::KernelCall& call, const Patches& p, const Stacked<const float>& x,
                  const Stacked<float>& patches, int64_t images) {
  const PatchMap map(p, kWidth, false);
  for_each_element(call, images * p.of_image() / kWidth, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const int64_t from = map.source(static_cast<int32_t>(i));
    Floats<kWidth> values{};
    if (from >= 0) values = Floats<kWidth>::load(x(k) + from * kWidth);
    values.store(patches(k) + i * kWidth);
  });
}

template <int kWidth>
void add_patches(const graph::KernelCall& call, const Patches& p,
                 const Stacked<const float>& patches, const Stacked<float>& x, int64_t images) {
  const PatchMap map(p, kWidth, true);
  const int64_t count = images * p.elements_of_image() / kWidth;
  for_each_element(call, count, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const float* from = patches(k);
    Floats<kWidth> sum{};
    map.for_each_copy(static_cast<int32_t>(i), [&](int64_t at) {
      const auto term = Floats<kWidth>::load(from + at * kWidth);
      for (int c = 0; c < kWidth; ++c) sum.of[c] += term.of[c];
    });
    sum.store(x(k) + i * kWidth);
  });
}

// Of each group a matrix of so many columns; rows lie `row` elements apart, groups side by side.
template <class T>
struct GroupMatrix {
  Stacked<T> data;
  int64_t row, columns;
};

class PatchConvolution {
 public:
  PatchConvolution(const graph::KernelCall& call, const Convolution& x)
      : call_(call),
        patches_{x.geometry, x.images[3]},
        pass_(x.pass),
        batch_(x.images[0]),
        filters_(x.filters[3]),
        groups_(x.geometry.groups),
        precision_(x.may_use_tf32 ? Precision::kTfloat32 : Precision::kFloat32),
        part_(patches_.images_of_part(batch_)),
        copies_(workspace_values<float>(call,
                                        patches_.are_images() ? 0 : part_ * patches_.of_image())) {
    constexpr int64_t kMost = int64_t{1} << 31;
    if (patches_.of_image() < kMost && patches_.elements_of_image() < kMost) return;
    throw Error("an image of a convolution, or its patches, has 2^31 elements or more");
  }

  void run(const Stacked<const float>& a, const Stacked<const float>& b, const Stacked<float>& c,
           const Stacked<const float>& bias) const {
    for (int64_t first = 0; first < batch_; first += part_) {
      run_part(first, std::min(part_, batch_ - first), a, b, c, bias);
    }
  }

 private:
  // Of images [first, first + images).
  void run_part(int64_t first, int64_t images, const Stacked<const float>& a,
                const Stacked<const float>& b, const Stacked<float>& c,
                const Stacked<const float>& bias) const {
    const int64_t first_x = first * patches_.elements_of_image();
    const int64_t first_y = first * patches_.rows_of_image() * filters_;
    switch (pass_) {
      case ConvolutionPass::kResult: {
        const auto y = of_filters(behind(c, first_y));
        Product p = product(images, filters_, patches_.columns());
        p.bias = bias;
        p.finish = bias.data ? Finish::kBias : Finish::kNone;
        return multiply(p, of_patches(patches_of(behind(a, first_x), images)), of_filters(b), y);
      }
      case ConvolutionPass::kFilters: {
        Product p = product(images, filters_, patches_.columns());
        std::swap(p.shape.m, p.shape.k);
        p.shape.transpose_a = true;
        p.shape.accumulate = first > 0;
        return multiply(p, of_patches(patches_of(behind(a, first_x), images)),
                        of_filters(behind(b, first_y)), of_filters(c));
      }
      case ConvolutionPass::kImages: {
        Product p = product(images, patches_.columns(), filters_);
        p.shape.transpose_b = true;
        const Stacked<float> x = behind(c, first_x);
        const Stacked<float> terms = patches_.are_images() ? x : copies_;
        multiply(p, of_filters(behind(a, first_y)), of_filters(b), of_patches(terms));
        if (!patches_.are_images()) add(terms, x, images);
        return;
      }
    }
  }

  Product product(int64_t images, int64_t columns, int64_t terms) const {
    Product p;
    p.shape.m = images * patches_.rows_of_image();
    p.shape.n = columns / groups_;
    p.shape.k = terms / groups_;
    p.count = groups_;
    p.precision = precision_;
    return p;
  }

  void multiply(Product& p, const GroupMatrix<const float>& a, const GroupMatrix<const float>& b,
                const GroupMatrix<float>& c) const {
    p.a = a.data, p.shape.lda = a.row, p.step_a = a.columns;
    p.b = b.data, p.shape.ldb = b.row, p.step_b = b.columns;
    p.c = c.data, p.shape.ldc = c.row, p.step_c = c.columns;
    ops::multiply(call_, p);
  }

  // Filters, or y: a column for each filter.
  template <class T>
  GroupMatrix<T> of_filters(const Stacked<T>& x) const {
    return {x, filters_, filters_ / groups_};
  }
  template <class T>
  GroupMatrix<T> of_patches(const Stacked<T>& x) const {
    return {x, patches_.columns(), patches_.columns() / groups_};
  }

  template <class T>
  bool takes_four(const Stacked<T>& images) const {
    return patches_.channels / groups_ % kMostFloats == 0 && is_aligned(images) &&
           is_aligned(copies_);
  }

  Stacked<const float> patches_of(const Stacked<const float>& x, int64_t images) const {
    if (patches_.are_images()) return x;
    if (takes_four(x)) {
      make_patches<kMostFloats>(call_, patches_, x, copies_, images);
    } else {
      make_patches<1>(call_, patches_, x, copies_, images);
    }
    return {copies_.data, copies_.stride};
  }

  void add(const Stacked<float>& terms, const Stacked<float>& x, int64_t images) const {
    const Stacked<const float> from{terms.data, terms.stride};
    if (takes_four(x)) return add_patches<kMostFloats>(call_, patches_, from, x, images);
    add_patches<1>(call_, patches_, from, x, images);
  }

  const graph::KernelCall& call_;
  Patches patches_;
  ConvolutionPass pass_;
  int64_t batch_;
  int64_t filters_, groups_;
  Precision precision_;
  int64_t part_;           // images at once
  Stacked<float> copies_;  // in the workspace: the patches of a part
};

int64_t elements_of_y(const Convolution& x) {
  return x.images[0] * x.geometry.axes[0].out * x.geometry.axes[1].out * x.filters[3];
}

// Elements of what is computed.
int64_t count_of(const Convolution& x) {
  switch (x.pass) {
    case ConvolutionPass::kResult:
      return elements_of_y(x);
    case ConvolutionPass::kFilters:
      return x.filters.elements();
    case ConvolutionPass::kImages:
      return x.images.elements();
  }
  return 0;
}

}  // namespace

void convolve_by_patches(const graph::KernelCall& call, const Convolution& x,
                         const Stacked<const float>& a, const Stacked<const float>& b,
                         const Stacked<float>& c, const Stacked<const float>& bias) {
  const bool is_empty =
      x.images.elements() == 0 || x.filters.elements() == 0 || elements_of_y(x) == 0;
  if (!is_empty) return PatchConvolution(call, x).run(a, b, c, bias);
  const Divider columns(x.filters[3]);
  for_each_element(call, count_of(x), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    c(k)[i] = bias.data ? bias(k)[columns.remainder(i)] : 0;
  });
}

}  // namespace mlrun::ops
