#include "ops/image/convolution.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ops/device_backends.h"
#include "ops/device_run.h"
#include "ops/functions.h"
#include "ops/harness.h"
#include "ops/image/convolution_patches.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// Filters of one size on images of one size; channels and filters follow from the width.
struct Setting {
  Extent image;
  Extent kernel;
  ConvolutionOptions options;
  bool one_channel = false;

  int64_t channels(int64_t width) const { return one_channel ? 1 : width * options.groups; }
  int64_t filters(int64_t width) const { return (width + 2) * options.groups; }
};

// One axis, as the formula of the header and the padding rules of Keras have it.
struct Axis {
  int64_t in, kernel, stride, dilation, out, before;

  Axis(int64_t size, int64_t taps, int64_t step, int64_t spread, Padding padding)
      : in(size), kernel(taps), stride(step), dilation(spread) {
    const int64_t extent = (kernel - 1) * dilation + 1;
    const bool same = padding == Padding::kSame;
    out = same ? (in + stride - 1) / stride : (in - extent) / stride + 1;
    before = same ? std::max<int64_t>((out - 1) * stride + extent - in, 0) / 2 : 0;
  }
};

struct Axes {
  Axis h, w;
  explicit Axes(const Setting& s)
      : h(s.image[0], s.kernel[0], s.options.strides[0], s.options.dilation[0], s.options.padding),
        w(s.image[1], s.kernel[1], s.options.strides[1], s.options.dilation[1], s.options.padding) {
  }
};

ConvolutionGeometry geometry_of(const Setting& s) {
  const Axes a(s);
  const auto axis = [](const Axis& one) {
    return ConvolutionAxis{one.in, one.kernel, one.out, one.stride, one.dilation, one.before};
  };
  return {{axis(a.h), axis(a.w)}, s.options.groups};
}

// Calls term(index in x, index in w, index in y) for every product of the convolution.
template <class Term>
void for_each_term(const Setting& s, Sizes sizes, Term term) {
  const Axes a(s);
  const int64_t groups = s.options.groups;
  const int64_t channels = s.channels(sizes.width) / groups;
  const int64_t filters = s.filters(sizes.width) / groups;
  const auto each = [&](int64_t n, int64_t i, int64_t j, int64_t p, int64_t q) {
    const int64_t row = i * a.h.stride + p * a.h.dilation - a.h.before;
    const int64_t column = j * a.w.stride + q * a.w.dilation - a.w.before;
    if (row < 0 || row >= a.h.in || column < 0 || column >= a.w.in) return;
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t c = 0; c < channels; ++c) {
        for (int64_t k = 0; k < filters; ++k) {
          term(static_cast<size_t>(((n * a.h.in + row) * a.w.in + column) * channels * groups +
                                   g * channels + c),
               static_cast<size_t>(((p * a.w.kernel + q) * channels + c) * filters * groups +
                                   g * filters + k),
               static_cast<size_t>(((n * a.h.out + i) * a.w.out + j) * filters * groups +
                                   g * filters + k));
        }
      }
    }
  };
  for (int64_t n = 0; n < sizes.batch; ++n) {
    for (int64_t i = 0; i < a.h.out; ++i) {
      for (int64_t j = 0; j < a.w.out; ++j) {
        for (int64_t p = 0; p < a.h.kernel; ++p) {
          for (int64_t q = 0; q < a.w.kernel; ++q) each(n, i, j, p, q);
        }
      }
    }
  }
}

std::string describe(const Setting& s) {
  return fmt::format("{}x{}, kernel {}x{}, strides {}x{}, dilation {}x{}, {}, {} groups",
                     s.image[0], s.image[1], s.kernel[0], s.kernel[1], s.options.strides[0],
                     s.options.strides[1], s.options.dilation[0], s.options.dilation[1],
                     s.options.padding == Padding::kSame ? "same" : "valid", s.options.groups);
}

Shape filters_of(const Setting& s, int64_t width) {
  return {s.kernel[0], s.kernel[1], s.channels(width) / s.options.groups, s.filters(width)};
}

Case plain(const Setting& s) {
  return {
      "convolution of " + describe(s),
      [=](int64_t width) {
        return std::vector<Input>{{{kBatch, s.image[0], s.image[1], s.channels(width)}, -1, 1},
                                  {filters_of(s, width), -1, 1}};
      },
      [=](Graph& g, std::span<const ValueId> x) { return convolution(g, x[0], x[1], s.options); },
      [=](std::span<const Array> x, Sizes sizes) {
        const Axes a(s);
        Array y(static_cast<size_t>(sizes.batch * a.h.out * a.w.out * s.filters(sizes.width)));
        for_each_term(s, sizes,
                      [&](size_t xi, size_t wi, size_t yi) { y[yi] += x[0][xi] * x[1][wi]; });
        return y;
      },
      true,
      3e-5,
      1.0};
}

// The op for itself: its gradients are a plain convolution and a gradient of filters.
Case transposed(const Setting& s) {
  const Axes a(s);
  return {"transposed convolution to " + describe(s),
          [=](int64_t width) {
            return std::vector<Input>{{{kBatch, a.h.out, a.w.out, s.filters(width)}, -1, 1},
                                      {filters_of(s, width), -1, 1}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return g.apply(std::make_shared<ConvolutionOp>(geometry_of(s), true), {x[0], x[1]});
          },
          [=](std::span<const Array> x, Sizes sizes) {
            Array y(static_cast<size_t>(sizes.batch * a.h.in * a.w.in * s.channels(sizes.width)));
            for_each_term(s, sizes,
                          [&](size_t xi, size_t wi, size_t yi) { y[xi] += x[0][yi] * x[1][wi]; });
            return y;
          },
          true,
          3e-5,
          1.0};
}

// Filters' gradients are the first gradients; the second ones go through this op.
Case weight_grad(const Setting& s) {
  const Axes a(s);
  Case c = plain(s);
  c.name = "filters' gradient of the " + c.name;
  c.inputs = [=](int64_t width) {
    return std::vector<Input>{{{kBatch, s.image[0], s.image[1], s.channels(width)}, -1, 1},
                              {{kBatch, a.h.out, a.w.out, s.filters(width)}, -1, 1}};
  };
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    return g.apply(std::make_shared<ConvolutionWeightGradOp>(geometry_of(s)), {x[0], x[1]});
  };
  c.reference = [=](std::span<const Array> x, Sizes sizes) {
    Array dw(static_cast<size_t>(filters_of(s, sizes.width).elements()));
    for_each_term(s, sizes,
                  [&](size_t xi, size_t wi, size_t yi) { dw[wi] += x[0][xi] * x[1][yi]; });
    return dw;
  };
  return c;
}

Case with_bias(const Setting& s, bool relu) {
  Case c = plain(s);
  c.name += relu ? ", relu(product + bias)" : ", product + bias";
  const auto inputs = c.inputs;
  const auto product = c.reference;
  c.inputs = [=](int64_t width) {
    std::vector<Input> all = inputs(width);
    all.push_back({{s.filters(width)}});
    return all;
  };
  c.build = [=](Graph& g, std::span<const ValueId> x) {
    const ValueId y = add(g, convolution(g, x[0], x[1], s.options), x[2]);
    return relu ? unary(g, Ew::kRelu, y) : y;
  };
  c.reference = [=](std::span<const Array> x, Sizes sizes) {
    Array y = product(x.first(2), sizes);
    for (size_t i = 0; i < y.size(); ++i) {
      const double sum = y[i] + x[2][i % x[2].size()];
      y[i] = relu ? std::max(sum, 0.0) : sum;
    }
    return y;
  };
  return c;
}

// The same for itself, with operands that a device may round.
Case rounded(Case c, std::shared_ptr<const graph::Op> op) {
  c.name += ", rounded";
  c.build = [=](Graph& g, std::span<const ValueId> x) { return g.apply(op, {x[0], x[1]}); };
  c.differentiable = false;
  c.tolerance = 2e-2;
  return c;
}

// A large case, only against its reference: once, as a stack of two.
void check_on_devices(const Case& c, Sizes sizes) {
  Graph graph;
  std::vector<ValueId> inputs;
  std::vector<Words> memory(2);
  std::vector<std::vector<Array>> arrays(2);
  for (const Input& one : c.inputs(sizes.width)) {
    inputs.push_back(graph.input("x", {one.shape}));
    for (const size_t k : {0u, 1u}) {
      memory[k].push_back(draw(one, one.shape.elements(sizes.batch), 10 * k + inputs.size()));
      memory[k].back().pop_back();
      arrays[k].emplace_back(memory[k].back().begin(), memory[k].back().end());
    }
  }
  const ValueId keep[] = {c.build(graph, inputs)};
  for (const DeviceBackend& device : device_backends()) {
    const DeviceRun run{graph,           inputs,      keep,       *device.kernels,
                        *device.context, sizes.batch, sizes.batch};
    const std::vector<Words> got = run(memory);
    for (const size_t k : {0u, 1u}) {
      INFO(c.name, " on ", device.name, ", copy ", k);
      CHECK(distance(got[k][0], c.reference(arrays[k], sizes), c.floor) <= c.tolerance);
    }
  }
}

constexpr Sizes kConvolutionSizes[] = {{0, 3}, {1, 1}, {2, 5}, {3, 16}, {33, 2}};
constexpr Sizes kWide[] = {{2, 70}};

std::vector<Setting> settings() {
  constexpr auto kSame = Padding::kSame;
  constexpr auto kValid = Padding::kValid;
  return {
      {{5, 5}, {3, 3}, {}},
      {{7, 9}, {3, 3}, {{1, 1}, {1, 1}, kSame, 1}},
      {{1, 1}, {1, 1}, {}},
      {{6, 13}, {1, 1}, {}},
      {{8, 8}, {2, 2}, {{2, 2}, {1, 1}, kValid, 1}},
      {{8, 7}, {3, 4}, {{2, 3}, {1, 1}, kSame, 1}},
      {{7, 8}, {3, 2}, {{1, 1}, {2, 3}, kValid, 1}},
      {{6, 7}, {3, 3}, {{1, 1}, {2, 2}, kSame, 1}},
      {{5, 6}, {3, 3}, {{2, 1}, {1, 1}, kSame, 2}},
      {{5, 5}, {1, 1}, {{3, 3}, {1, 1}, kValid, 1}},
      {{3, 3}, {5, 5}, {{1, 1}, {1, 1}, kSame, 1}},
      {{1, 40}, {1, 8}, {{1, 1}, {1, 1}, kSame, 1}},
      {{1, 29}, {1, 5}, {{1, 2}, {1, 1}, kValid, 1}},
      {{9, 14}, {3, 3}, {}, true},
      {{1, 30}, {1, 21}, {{1, 1}, {1, 1}, kSame, 1}, true},
      {{5, 4}, {1, 1}, {{1, 1}, {1, 1}, kValid, 3}},
      {{4, 3}, {4, 3}, {}},
      {{4, 3}, {4, 3}, {{1, 1}, {1, 1}, kValid, 2}},
      {{9, 7}, {3, 3}, {{1, 1}, {3, 2}, kSame, 2}},
      {{6, 8}, {4, 2}, {{2, 2}, {1, 1}, kSame, 4}},
  };
}

}  // namespace

TEST_CASE("convolution: kernels, strides, dilations, paddings and groups") {
  for (const Setting& s : settings()) check(plain(s), kConvolutionSizes);
}

TEST_CASE("convolution: transposed") {
  for (const Setting& s : settings()) check(transposed(s), kConvolutionSizes);
}

TEST_CASE("convolution: of the filters' gradient") {
  for (const Setting& s : settings()) check(weight_grad(s), kConvolutionSizes);
}

TEST_CASE("convolution: with operands that may be rounded") {
  for (const Setting& s : settings()) {
    const ConvolutionGeometry g = geometry_of(s);
    check(rounded(plain(s), ConvolutionOp(g, false).with_tf32(true)), kConvolutionSizes);
    check(rounded(transposed(s), ConvolutionOp(g, true).with_tf32(true)), kConvolutionSizes);
    check(rounded(weight_grad(s), ConvolutionWeightGradOp(g).with_tf32(true)), kConvolutionSizes);
  }
}

// A GPU makes the patches of a part of the batch at a time. Most of these lie outside of the image,
// so that the case costs little elsewhere.
TEST_CASE("convolution: a batch in parts") {
  const Setting s{{1, 16}, {1, 80001}, {{1, 1}, {1, 1}, Padding::kSame, 1}, true};
  CHECK(Patches{geometry_of(s), 1}.images_of_part(14) == 7);
  for (const Case& c : {plain(s), transposed(s), weight_grad(s)}) check_on_devices(c, {14, 1});
}

TEST_CASE("convolution: how a batch is cut into parts") {
  const auto of = [](const Setting& s) { return Patches{geometry_of(s), 32}; };
  const Patches p = of({{66, 66}, {3, 3}, {}});  // 4.5 MiB
  CHECK(p.most_images() == 14);
  CHECK(p.images_of_part(0) == 0);
  CHECK(p.images_of_part(14) == 14);
  CHECK(p.images_of_part(15) == 8);
  CHECK(p.images_of_part(128) == 13);
  CHECK(p.count(10) == 10 * 64 * 64 * 9 * 32);
  CHECK(p.count(128) == 14 * 64 * 64 * 9 * 32);
  CHECK(of({{900, 900}, {3, 3}, {}}).images_of_part(3) == 1);
  const Patches pixels = of({{66, 66}, {1, 1}, {}});
  CHECK(pixels.images_of_part(1000) == 1000);
  CHECK(pixels.count(1000) == 0);
}

TEST_CASE("convolution: more channels than one tile") {
  const Setting s{{4, 7}, {3, 3}, {{1, 1}, {1, 1}, Padding::kSame, 1}};
  check(plain(s), kWide);
  check(transposed(s), kWide);
}

TEST_CASE("convolution: an epilogue") {
  const Setting one{{5, 7}, {3, 3}, {{1, 1}, {1, 1}, Padding::kSame, 1}};
  const Setting two_groups{{5, 7}, {3, 3}, {{1, 1}, {1, 1}, Padding::kSame, 2}};
  for (const bool relu : {false, true}) {
    check(with_bias(one, relu), kWide);
    check(with_bias(one, relu), kConvolutionSizes);
    check(with_bias(two_groups, relu), kConvolutionSizes);
  }
}

TEST_CASE("convolution: what does not fit is said") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 4, 5, 3}});
  const auto apply = [&](const Shape& filters, const ConvolutionOptions& options) {
    return convolution(g, x, g.input("w", {filters}), options);
  };
  CHECK_THROWS_WITH_AS(apply({3, 3, 2, 8}, {}),
                       "filters (3, 3, 2, 8) in 1 groups do not fit (N, 4, 5, 3)",
                       graph::ShapeError);
  CHECK_THROWS_WITH_AS(apply({5, 3, 3, 8}, {}),
                       "a window of 5 does not fit into 4 positions (padding: same would pad them)",
                       graph::ShapeError);
  const ValueId series = g.input("x", {Shape{kBatch, 4, 3}});
  CHECK_THROWS_WITH_AS(convolution(g, series, g.input("w", {Shape{3, 3, 3, 8}}), {}),
                       "needs images (N, H, W, C), not (N, 4, 3)", graph::ShapeError);
}
