#include "ops/image/pooling.h"

#include "ops/image/device_images.h"
#include "ops/kernel/device_floats.h"
#include "ops/kernel/divider.h"
#include "ops/kernel/launch.h"

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

// Channels may be counted in groups of neighbours.
struct PooledWindows {
  WindowAxis h, w;
  Images to, from;

  PooledWindows(const std::array<ConvolutionAxis, 2>& axes, int64_t channels)
      : h(axes[0]), w(axes[1]), to(h.out, w.out, channels), from(h.in, w.in, channels) {}
};

// Neighbouring channels of one window.
template <int kWidth>
struct Window {
  using Values = Floats<kWidth>;

  int64_t first = 0, row_step = 0, step = 0;  // of x
  int32_t rows = 0, columns = 0;

  MLRUN_DEVICE Window(const PooledWindows& windows, const PixelChannel& to) {
    const Range of_rows = windows.h.positions(to.row);
    const Range of_columns = windows.w.positions(to.column);
    first = windows.from.index(to.image, of_rows.begin, of_columns.begin, to.channel) * kWidth;
    step = windows.from.channels.divisor() * kWidth;
    row_step = windows.w.in * step;
    rows = static_cast<int32_t>(of_rows.end - of_rows.begin);
    columns = static_cast<int32_t>(of_columns.end - of_columns.begin);
  }

  // visit(element of x), in reading order.
  template <class Visit>
  MLRUN_DEVICE void for_each(Visit visit) const {
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < columns; ++j) visit(first + i * row_step + j * step);
    }
  }

  MLRUN_DEVICE Values max(const float* x) const {
    Values most = Values::load(x + first);
    for_each([&](int64_t at) {
      const Values v = Values::load(x + at);
      for (int c = 0; c < kWidth; ++c) {
        if (v.of[c] > most.of[c] || v.of[c] != v.of[c]) most.of[c] = v.of[c];
      }
    });
    return most;
  }

  MLRUN_DEVICE float share() const { return 1.0f / static_cast<float>(rows * columns); }

  MLRUN_DEVICE Values mean(const float* x) const {
    Values sum{};
    for_each([&](int64_t at) {
      const Values v = Values::load(x + at);
      for (int c = 0; c < kWidth; ++c) sum.of[c] += v.of[c];
    });
    for (int c = 0; c < kWidth; ++c) sum.of[c] *= share();
    return sum;
  }

  // Whether element `at` is the first of the window, in reading order, that equals `most`.
  MLRUN_DEVICE bool is_first(const float* x, int64_t at, float most) const {
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < columns; ++j) {
        const int64_t here = first + i * row_step + j * step;
        if (x[here] == most) return here == at;
      }
    }
    return false;
  }
};

// What window `to` passes on to element `at` of x; y and dy are the window's.
struct MaxShare {
  MLRUN_DEVICE float operator()(const Window<1>& window, const float* x, int64_t at, float y,
                                float dy) const {
    return x[at] == y && window.is_first(x, at, y) ? dy : 0.0f;
  }
};

struct MeanShare {
  MLRUN_DEVICE float operator()(const Window<1>& window, const float*, int64_t, float,
                                float dy) const {
    return dy * window.share();
  }
};

// Each element of x looks for the windows that it lies in.
template <class Share>
void gather(const graph::KernelCall& call, const PooledWindows& windows, Share share) {
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
        const Window<1> window(windows, {from.image, i, j, from.channel});
        const int64_t to = windows.to.index(from.image, i, j, from.channel);
        sum += share(window, of_x(k), at, of_y(k)[to], of_dy(k)[to]);
      }
    }
    dx(k)[at] = sum;
  });
}

// The positions of one axis that lie in a window or behind it, before the next one: where windows
// do not overlap, these ranges cut the axis into pieces. The first window has what lies before it.
MLRUN_DEVICE Range cell(const WindowAxis& axis, int64_t window) {
  const int64_t begin = window * axis.stride.divisor() - axis.padding;
  const int64_t end = begin + axis.stride.divisor();
  return {window == 0 || begin < 0 ? 0 : begin,
          window == axis.out - 1 || end > axis.in ? axis.in : end};
}

// The gradient of `kWidth` channels of one window, in the elements of its cell one after the other.
template <int kWidth>
class WindowGradient {
 public:
  using Values = Floats<kWidth>;

  MLRUN_DEVICE WindowGradient(const PooledWindows& windows, const PixelChannel& to, bool max,
                              const Values& y, const Values& dy)
      : rows_(windows.h.positions(to.row)),
        columns_(windows.w.positions(to.column)),
        max_(max),
        y_(y),
        due_(dy) {
    if (max) return;
    const int64_t count = (rows_.end - rows_.begin) * (columns_.end - columns_.begin);
    const float share = 1.0f / static_cast<float>(count);
    for (int c = 0; c < kWidth; ++c) due_.of[c] *= share;
  }

  // A 0 of either sign becomes +0, as it does in a sum over windows.
  MLRUN_DEVICE Values next(int64_t row, int64_t column, const float* x) {
    Values dx{};
    const bool is_inside =
        row >= rows_.begin && row < rows_.end && column >= columns_.begin && column < columns_.end;
    if (!is_inside) return dx;
    if (max_) return next_of_max(Values::load(x));
    for (int c = 0; c < kWidth; ++c) dx.of[c] += due_.of[c];
    return dx;
  }

 private:
  MLRUN_DEVICE Values next_of_max(const Values& x) {
    Values dx{};
    for (int c = 0; c < kWidth; ++c) {
      if (x.of[c] != y_.of[c]) continue;
      dx.of[c] += due_.of[c];
      due_.of[c] = 0;
    }
    return dx;
  }

  Range rows_, columns_;
  bool max_;
  Values y_;
  Values due_;  // of a maximum: what has not found its element yet
};

// Where windows do not overlap: each writes its cell.
template <int kWidth>
void spread(const graph::KernelCall& call, const PooledWindows& windows, bool max) {
  const auto of_x = input(call.in[0]);
  const auto of_y = input(call.in[1]);
  const auto of_dy = input(call.in[2]);
  const auto of_dx = output(call.out[0]);
  using Values = Floats<kWidth>;
  for_each_element(call, call.in[1].elements() / kWidth, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const PixelChannel to = windows.to.at(i);
    const auto dy = Values::load(of_dy(k) + i * kWidth);
    const auto y = max ? Values::load(of_y(k) + i * kWidth) : dy;
    WindowGradient<kWidth> gradient(windows, to, max, y, dy);
    const Range rows = cell(windows.h, to.row);
    const Range columns = cell(windows.w, to.column);
    const int64_t step = windows.from.channels.divisor() * kWidth;
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      int64_t at = windows.from.index(to.image, row, columns.begin, to.channel) * kWidth;
      for (int64_t column = columns.begin; column < columns.end; ++column, at += step) {
        gradient.next(row, column, of_x(k) + at).store(of_dx(k) + at);
      }
    }
  });
}

template <int kWidth>
void pool_channels(const graph::KernelCall& call, const PooledWindows& windows, bool max) {
  const auto x = input(call.in[0]);
  const auto y = output(call.out[0]);
  for_each_element(call, call.out[0].elements() / kWidth, [=] MLRUN_KERNEL(int64_t k, int64_t i) {
    const Window<kWidth> window(windows, windows.to.at(i));
    (max ? window.max(x(k)) : window.mean(x(k))).store(y(k) + i * kWidth);
  });
}

// Of all that is read and written, four neighbouring channels by one instruction.
bool takes_four(const graph::KernelCall& call) {
  const auto is_one = [](const Tensor& x) { return is_aligned(input(x)); };
  return call.in[0].shape.back() % kMostFloats == 0 && std::ranges::all_of(call.in, is_one) &&
         std::ranges::all_of(call.out, is_one);
}

// Small cells that are the work of one thread each; large ones keep too few threads busy.
bool have_small_cells(const std::array<ConvolutionAxis, 2>& axes) {
  constexpr int64_t kMost = 16;
  const auto is_apart = [](const ConvolutionAxis& a) { return a.stride >= a.kernel; };
  return is_apart(axes[0]) && is_apart(axes[1]) && axes[0].stride * axes[1].stride <= kMost;
}

}  // namespace

void pool_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolOp&>(call.op);
  const bool max = op.kind() == Pooling::kMax;
  const int64_t channels = call.in[0].shape.back();
  if (!takes_four(call)) return pool_channels<1>(call, PooledWindows(op.axes(), channels), max);
  pool_channels<kMostFloats>(call, PooledWindows(op.axes(), channels / kMostFloats), max);
}

void pool_grad_cuda(const graph::KernelCall& call) {
  const auto& op = static_cast<const PoolGradOp&>(call.op);
  const bool max = op.kind() == Pooling::kMax;
  const int64_t channels = call.in[0].shape.back();
  const PooledWindows windows(op.axes(), channels);
  if (!have_small_cells(op.axes())) {
    return max ? gather(call, windows, MaxShare{}) : gather(call, windows, MeanShare{});
  }
  if (!takes_four(call)) return spread<1>(call, windows, max);
  spread<kMostFloats>(call, PooledWindows(op.axes(), channels / kMostFloats), max);
}

}  // namespace mlrun::ops
