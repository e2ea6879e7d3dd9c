#include "ops/pooling.h"

#include "ops/device_images.h"
#include "ops/divider.h"
#include "ops/launch.h"

namespace mlrun::ops {
namespace {

struct Range {
  int64_t begin, end;
};

// One axis: which positions a window reads, and which windows read a position.
struct WindowAxis {
  int64_t in, kernel, out, padding;
  Divider stride;

  explicit WindowAxis(const ConvolutionAxis& a)
      : in(a.in), kernel(a.kernel), out(a.out), padding(a.padding), stride(a.stride) {}

  MLRUN_DEVICE Range positions(int64_t window) const {
    const int64_t begin = window * stride.divisor() - padding;
    const int64_t end = begin + kernel;
    return {begin < 0 ? 0 : begin, end < in ? end : in};
  }

  MLRUN_DEVICE Range windows(int64_t position) const {
    const int64_t at = position + padding;
    const int64_t last = stride.quotient(at);
    return {at < kernel ? 0 : stride.quotient(at - kernel) + 1, last < out ? last + 1 : out};
  }
};

struct Windows {
  WindowAxis h, w;
  Images to, from;

  Windows(const std::array<ConvolutionAxis, 2>& axes, int64_t channels)
      : h(axes[0]), w(axes[1]), to(h.out, w.out, channels), from(h.in, w.in, channels) {}
};

// One channel of one window.
struct Window {
  const Images& from;
  int64_t image, channel;
  Range rows, columns;

  MLRUN_DEVICE Window(const Windows& windows, const PixelChannel& to)
      : from(windows.from),
        image(to.image),
        channel(to.channel),
        rows(windows.h.positions(to.row)),
        columns(windows.w.positions(to.column)) {}

  MLRUN_DEVICE int64_t element(int64_t row, int64_t column) const {
    return from.index(image, row, column, channel);
  }

  MLRUN_DEVICE float max(const float* x) const {
    float most = x[element(rows.begin, columns.begin)];
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const float v = x[element(i, j)];
        if (v > most || v != v) most = v;
      }
    }
    return most;
  }

  MLRUN_DEVICE float share() const {
    const int64_t count = (rows.end - rows.begin) * (columns.end - columns.begin);
    return 1.0f / static_cast<float>(count);
  }

  MLRUN_DEVICE float mean(const float* x) const {
    float sum = 0;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = columns.begin; j < columns.end; ++j) sum += x[element(i, j)];
    }
    return sum * share();
  }

  // Whether the element is the first of the window, in reading order, that equals `most`.
  MLRUN_DEVICE bool is_first(const float* x, int64_t at, float most) const {
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const int64_t here = element(i, j);
        if (x[here] == most) return here == at;
      }
    }
    return false;
  }
};

// What window `to` passes on to element `at` of x; y and dy are the window's.
struct MaxShare {
  MLRUN_DEVICE float operator()(const Window& window, const float* x, int64_t at, float y,
                                float dy) const {
    return x[at] == y && window.is_first(x, at, y) ? dy : 0.0f;
  }
};

struct MeanShare {
  MLRUN_DEVICE float operator()(const Window& window, const float*, int64_t, float,
                                float dy) const {
    return dy * window.share();
  }
};

// Each element of x looks for the windows that it lies in.
template <class Share>
void gather(const graph::KernelCall& call, const Windows& windows, Share share) {
  const auto of_x = input(call.in[0]);
  const auto of_y = input(call.in[1]);
  const auto of_dy = input(call.in[2]);
  const auto dx = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t at) {
    const PixelChannel from = windows.from.at(at);
    const Range rows = windows.h.windows(from.row);
    const Range columns = windows.w.windows(from.column);
    float sum = 0;
    for (int64_t i = rows.begin; i < rows.end; ++i) {
      for (int64_t j = columns.begin; j < columns.end; ++j) {
        const Window window(windows, {from.image, i, j, from.channel});
        const int64_t to = windows.to.index(from.image, i, j, from.channel);
        sum += share(window, of_x(k), at, of_y(k)[to], of_dy(k)[to]);
      }
    }
    dx(k)[at] = sum;
  });
}

}  // namespace

void pool_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolOp&>(call.op);
  const Windows windows(op.axes(), call.in[0].shape.back());
  const bool max = op.kind() == Pooling::kMax;
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements(), [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const Window window(windows, windows.to.at(i));
    y(k)[i] = max ? window.max(x(k)) : window.mean(x(k));
  });
}

void pool_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolGradOp&>(call.op);
  const Windows windows(op.axes(), call.in[0].shape.back());
  if (op.kind() == Pooling::kMax) return gather(call, windows, MaxShare{});
  gather(call, windows, MeanShare{});
}

}  // namespace mlrun::ops
