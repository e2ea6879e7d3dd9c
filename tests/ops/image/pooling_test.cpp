#include "ops/image/pooling.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/functions.h"
#include "ops/harness.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// What the elements of a window become, one after the other.
struct Window {
  Pooling kind;
  double sum = 0;
  double most = -std::numeric_limits<double>::infinity();
  int64_t count = 0;

  void add(double x) {
    sum += x;
    most = std::isnan(x) || x > most ? x : most;
    ++count;
  }
  double value() const { return kind == Pooling::kMax ? most : sum / static_cast<double>(count); }
};

int64_t out_of(int64_t in, int64_t window, int64_t stride, Padding padding) {
  return padding == Padding::kSame ? (in + stride - 1) / stride : (in - window) / stride + 1;
}

int64_t before_of(int64_t in, int64_t window, int64_t stride, Padding padding) {
  if (padding == Padding::kValid) return 0;
  return std::max<int64_t>((out_of(in, window, stride, padding) - 1) * stride + window - in, 0) / 2;
}

Case pool_case(const Extent& image, const PoolOptions& o) {
  return {
      fmt::format("{} of windows {}x{}, strides {}x{}, {}, of {}x{}",
                  o.kind == Pooling::kMax ? "max" : "mean", o.window[0], o.window[1], o.strides[0],
                  o.strides[1], o.padding == Padding::kSame ? "same" : "valid", image[0], image[1]),
      [=](int64_t width) {
        return std::vector<Input>{{{kBatch, image[0], image[1], width}}};
      },
      [=](Graph& g, std::span<const ValueId> x) { return pool(g, x[0], o); },
      [=](std::span<const Array> x, Sizes s) {
        const int64_t rows = out_of(image[0], o.window[0], o.strides[0], o.padding);
        const int64_t columns = out_of(image[1], o.window[1], o.strides[1], o.padding);
        const int64_t top = before_of(image[0], o.window[0], o.strides[0], o.padding);
        const int64_t left = before_of(image[1], o.window[1], o.strides[1], o.padding);
        Array y;
        for (int64_t at = 0; at < s.batch * rows * columns * s.width; ++at) {
          const int64_t c = at % s.width;
          const int64_t j = at / s.width % columns;
          const int64_t i = at / s.width / columns % rows;
          const int64_t n = at / s.width / columns / rows;
          Window window{o.kind};
          for (int64_t a = i * o.strides[0] - top; a < i * o.strides[0] - top + o.window[0]; ++a) {
            for (int64_t b = j * o.strides[1] - left; b < j * o.strides[1] - left + o.window[1];
                 ++b) {
              if (a < 0 || a >= image[0] || b < 0 || b >= image[1]) continue;
              window.add(
                  x[0][static_cast<size_t>(((n * image[0] + a) * image[1] + b) * s.width + c)]);
            }
          }
          y.push_back(window.value());
        }
        return y;
      },
      true,
      1e-5,
      1.0};  // elements of up to 2 may cancel
}

constexpr Sizes kPoolingSizes[] = {{0, 3}, {1, 1}, {3, 5}, {2, 16}, {33, 2}, {40, 37}};

}  // namespace

TEST_CASE("pooling: windows, strides and paddings") {
  for (const Pooling kind : {Pooling::kMax, Pooling::kAverage}) {
    check(pool_case({4, 6}, {kind, {2, 2}, {2, 2}, Padding::kValid}), kPoolingSizes);
    check(pool_case({5, 7}, {kind, {2, 2}, {2, 2}, Padding::kValid}), kPoolingSizes);
    check(pool_case({5, 7}, {kind, {2, 2}, {2, 2}, Padding::kSame}), kPoolingSizes);
    check(pool_case({7, 6}, {kind, {3, 3}, {2, 1}, Padding::kSame}), kPoolingSizes);
    check(pool_case({5, 5}, {kind, {3, 2}, {1, 1}, Padding::kValid}), kPoolingSizes);
    check(pool_case({1, 9}, {kind, {1, 3}, {1, 2}, Padding::kSame}), kPoolingSizes);
    check(pool_case({5, 5}, {kind, {1, 1}, {3, 3}, Padding::kValid}), kPoolingSizes);
    check(pool_case({9, 8}, {kind, {2, 2}, {3, 4}, Padding::kValid}), kPoolingSizes);
    check(pool_case({8, 9}, {kind, {2, 3}, {3, 3}, Padding::kSame}), kPoolingSizes);
    check(pool_case({1, 7}, {kind, {1, 2}, {1, 2}, Padding::kSame}), kPoolingSizes);
    check(pool_case({11, 9}, {kind, {4, 4}, {5, 4}, Padding::kSame}), kPoolingSizes);
  }
}

TEST_CASE("pooling: of the whole image") {
  for (const Pooling kind : {Pooling::kMax, Pooling::kAverage}) {
    Case c = pool_case({6, 5}, {kind, {6, 5}, {1, 1}, Padding::kValid});
    c.build = [=](Graph& g, std::span<const ValueId> x) { return pool_all(g, x[0], kind); };
    check(c, kPoolingSizes);
  }
}

TEST_CASE("pooling: NaN is the largest, infinities are numbers") {
  for (const double value :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    Case c = pool_case({2, 2}, {Pooling::kMax, {2, 2}, {2, 2}, Padding::kValid});
    c.differentiable = false;
    c.inputs = [=](int64_t width) {
      return std::vector<Input>{{{kBatch, 1, 2, width}}, {{kBatch, 1, 2, width}, value, value}};
    };
    const auto reference = c.reference;
    c.build = [=](Graph& g, std::span<const ValueId> x) {
      const ValueId joined = g.apply(std::make_shared<PadOp>(Margins{0, 1, 0, 0}), {x[0]});
      const ValueId other = g.apply(std::make_shared<PadOp>(Margins{1, 0, 0, 0}), {x[1]});
      const PoolOptions o{Pooling::kMax, {2, 2}, {2, 2}, Padding::kValid};
      return pool(g, binary(g, Ew::kMaximum, joined, other), o);
    };
    c.reference = [=](std::span<const Array> x, Sizes s) {
      Array y;
      for (int64_t n = 0; n < s.batch; ++n) {
        for (int64_t k = 0; k < s.width; ++k) {
          Window window{Pooling::kMax};
          for (const int64_t j : {0, 1}) {
            const auto at = static_cast<size_t>((n * 2 + j) * s.width + k);
            window.add(std::max(x[0][at], 0.0));
            window.add(std::isnan(x[1][at]) ? x[1][at] : std::max(x[1][at], 0.0));
          }
          y.push_back(window.value());
        }
      }
      return y;
    };
    check(c, kPoolingSizes);
  }
}

TEST_CASE("pooling: of equal elements the first gets the gradient") {
  Case c = pool_case({2, 2}, {Pooling::kMax, {2, 2}, {2, 2}, Padding::kValid});
  c.name = "gradient of equal elements";
  c.differentiable = false;
  c.inputs = [](int64_t width) {
    return std::vector<Input>{{{kBatch, 2, 2, width}, 3, 3}, {{kBatch, 1, 1, width}}};
  };
  c.build = [](Graph& g, std::span<const ValueId> x) {
    const PoolOptions o{Pooling::kMax, {2, 2}, {2, 2}, Padding::kValid};
    const ValueId y = pool(g, x[0], o);
    const ValueId wrt[] = {x[0]};
    return graph::differentiate(g, sum(g, mul(g, y, x[1])), wrt, autodiff_ops())[0];
  };
  c.reference = [](std::span<const Array> x, Sizes s) {
    Array dx(x[0].size());
    for (size_t i = 0; i < x[1].size(); ++i) {
      const auto width = static_cast<size_t>(s.width);
      dx[i / width * 4 * width + i % width] = x[1][i];
    }
    return dx;
  };
  check(c, kPoolingSizes);
}
