// By a library where it has a kernel, else here. Here an output is the work of one thread: a sum
// over taps, then channels, as on the CPU. Plain and transposed convolution are one loop, which
// walks over the filters in different steps.
#include "ops/convolution.h"

#include "ops/cuda_convolution.h"
#include "ops/device_images.h"
#include "ops/device_taps.h"
#include "ops/elementwise_program.h"
#include "ops/launch.h"

namespace mlrun::ops {
namespace {

class Outputs {
 public:
  Outputs(const ConvolutionOp& op, const Shape& filters)
      : h_(taps(op, 0)),
        w_(taps(op, 1)),
        pixels_(h_.out, w_.out),
        from_(h_.in, w_.in),
        groups_(op.geometry().groups) {
    const int64_t group_filters = filters[3] / groups_;
    of_tap_ = filters[2] * filters[3];
    of_group_ = group_filters;
    if (op.transposed()) {
      first_ = (h_.kernel * w_.kernel - 1) * of_tap_;
      of_tap_ = -of_tap_;
      set_channels(group_filters, 1, filters[2], filters[3]);
    } else {
      set_channels(filters[2], filters[3], group_filters, 1);
    }
  }

  MLRUN_DEVICE float sum(const float* x, const float* w, int64_t i) const {
    const int64_t pixel = channels_.quotient(i);
    const int64_t channel = i - pixel * channels_.divisor();
    const int64_t group = group_channels_.quotient(channel);
    const Pixel to = pixels_.at(pixel);
    x += group * group_inputs_;
    w += first_ + group * of_group_ + (channel - group * group_channels_.divisor()) * of_output_;
    float sum = 0;
    for (int64_t a = 0; a < h_.kernel; ++a) {
      const int64_t row = h_.source(to.row, a);
      for (int64_t b = 0; row >= 0 && b < w_.kernel; ++b) {
        const int64_t column = w_.source(to.column, b);
        if (column < 0) continue;
        const float* in = x + from_.index(to.image, row, column) * group_inputs_ * groups_;
        sum = add_tap(in, w + (a * w_.kernel + b) * of_tap_, sum);
      }
    }
    return sum;
  }

 private:
  static DeviceTaps taps(const ConvolutionOp& op, size_t axis) {
    const ConvolutionAxis& a = op.geometry().axes[axis];
    return DeviceTaps(op.transposed() ? transposed_taps(a) : plain_taps(a));
  }

  // Of a group, with the steps in the filters from one to the next.
  void set_channels(int64_t inputs, int64_t of_input, int64_t outputs, int64_t of_output) {
    group_inputs_ = inputs;
    of_input_ = of_input;
    group_channels_ = Divider(outputs);
    channels_ = Divider(outputs * groups_);
    of_output_ = of_output;
  }

  MLRUN_DEVICE float add_tap(const float* x, const float* w, float sum) const {
    for (int64_t c = 0; c < group_inputs_; ++c) sum += x[c] * w[c * of_input_];
    return sum;
  }

  DeviceTaps h_, w_;
  Pixels pixels_, from_;  // written and read
  int64_t groups_;
  int64_t group_inputs_ = 0;
  Divider channels_, group_channels_;  // that are written
  int64_t first_ = 0;                  // where tap 0 lies in the filters
  int64_t of_tap_ = 0, of_group_ = 0, of_input_ = 0, of_output_ = 0;
};

// What a pixel of dy adds to an element of the filters' gradient.
class FilterTerms {
 public:
  FilterTerms(const ConvolutionGeometry& geometry, const Shape& filters)
      : h_(plain_taps(geometry.axes[0])),
        w_(plain_taps(geometry.axes[1])),
        pixels_(h_.out, w_.out),
        from_(h_.in, w_.in),
        kernel_width_(filters[1]),
        channels_(filters[2]),
        filters_(filters[3]),
        group_filters_(filters[3] / geometry.groups),
        image_channels_(filters[2] * geometry.groups) {}

  MLRUN_DEVICE float term(const float* x, const float* dy, int64_t pixel, int64_t element) const {
    const int64_t rest = filters_.quotient(element);
    const int64_t filter = element - rest * filters_.divisor();
    const int64_t tap = channels_.quotient(rest);
    const int64_t group = group_filters_.quotient(filter);
    const int64_t channel = rest - tap * channels_.divisor() + group * channels_.divisor();
    const int64_t a = kernel_width_.quotient(tap);
    const Pixel at = pixels_.at(pixel);
    const int64_t row = h_.source(at.row, a);
    const int64_t column = w_.source(at.column, tap - a * kernel_width_.divisor());
    if (row < 0 || column < 0) return 0;
    return x[from_.index(at.image, row, column) * image_channels_ + channel] *
           dy[pixel * filters_.divisor() + filter];
  }

 private:
  DeviceTaps h_, w_;
  Pixels pixels_, from_;  // of dy and of x
  Divider kernel_width_;
  Divider channels_;  // of a group
  Divider filters_, group_filters_;
  int64_t image_channels_;
};

}  // namespace

void convolution_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionOp&>(call.op);
  const EpilogueRun epilogue(call);
  const Tensor& product = epilogue.product();
  const auto x = input(call.in[0]);
  const auto w = input(call.in[1]);
  const auto y = output(product);
  const Convolution of_library{
      op.transposed() ? device::ConvolutionPass::kImages : device::ConvolutionPass::kResult,
      op.geometry(), op.transposed() ? product.shape : call.in[0].shape, call.in[1].shape,
      op.may_use_tf32()};
  if (!convolve_by_library(call, of_library, x, w, y)) {
    const Outputs outputs(op, call.in[1].shape);
    for_each_element(call, product.elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
      y(k)[i] = outputs.sum(x(k), w(k), i);
    });
  }
  if (!epilogue.any()) return;
  run_elementwise_cuda(call, *op.epilogue(), product.shape, epilogue.operands(), call.out);
}

void convolution_weight_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const ConvolutionWeightGradOp&>(call.op);
  const Shape& y = call.in[1].shape;
  const auto x = input(call.in[0]);
  const auto dy = input(call.in[1]);
  const auto dw = output(call.out[0]);
  const Convolution of_library{device::ConvolutionPass::kFilters, op.geometry(), call.in[0].shape,
                               call.out[0].shape, op.may_use_tf32()};
  if (convolve_by_library(call, of_library, x, dy, dw)) return;
  const FilterTerms terms(op.geometry(), call.out[0].shape);
  reduce_columns<float>(
      call, y[0] * y[1] * y[2], call.out[0].elements(),
      [=] MLRUN_KERNEL(int64_t k, int64_t pixel, int64_t element) {
        return terms.term(x(k), dy(k), pixel, element);
      },
      [=] MLRUN_KERNEL(int64_t k, int64_t element, float sum) { dw(k)[element] = sum; });
}

}  // namespace mlrun::ops
