#include "ops/image/resample.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ops/harness.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Sizes kResampleSizes[] = {{0, 3}, {1, 1}, {3, 5}, {2, 16}, {40, 33}};

// (N, H, W, C) of one size -> one of another: every output is a sum of weighted inputs.
struct Pixel {
  int64_t row, column;
  double weight;
};

Case image_case(const std::string& name, const Extent& from, const Extent& to,
                std::function<ValueId(Graph&, ValueId)> build,
                std::function<std::vector<Pixel>(int64_t, int64_t)> pixels) {
  return {name,
          [=](int64_t width) {
            return std::vector<Input>{{{kBatch, from[0], from[1], width}}};
          },
          [=](Graph& g, std::span<const ValueId> x) { return build(g, x[0]); },
          [=](std::span<const Array> x, Sizes s) {
            Array y;
            for (int64_t at = 0; at < s.batch * to[0] * to[1] * s.width; ++at) {
              const int64_t c = at % s.width;
              const int64_t n = at / s.width / to[1] / to[0];
              double sum = 0;
              for (const Pixel& p : pixels(at / s.width / to[1] % to[0], at / s.width % to[1])) {
                if (p.row < 0 || p.row >= from[0] || p.column < 0 || p.column >= from[1]) continue;
                const int64_t i = ((n * from[0] + p.row) * from[1] + p.column) * s.width + c;
                sum += p.weight * x[0][static_cast<size_t>(i)];
              }
              y.push_back(sum);
            }
            return y;
          },
          true,
          1e-5,
          1.0};  // elements of up to 2 may cancel
}

double centre(int64_t out, int64_t factor, int64_t size) {
  const double at = (static_cast<double>(out) + 0.5) / static_cast<double>(factor) - 0.5;
  return std::clamp(at, 0.0, static_cast<double>(size - 1));
}

Case bilinear_case(const Extent& image, const Extent& factors) {
  return image_case(
      fmt::format("bilinear {}x{} of {}x{}", factors[0], factors[1], image[0], image[1]), image,
      {image[0] * factors[0], image[1] * factors[1]},
      [=](Graph& g, ValueId x) { return upsample_bilinear(g, x, factors); },
      [=](int64_t i, int64_t j) {
        std::vector<Pixel> pixels;
        const double row = centre(i, factors[0], image[0]);
        const double column = centre(j, factors[1], image[1]);
        for (int64_t a = 0; a < image[0]; ++a) {
          for (int64_t b = 0; b < image[1]; ++b) {
            const double weight = std::max(0.0, 1 - std::abs(row - static_cast<double>(a))) *
                                  std::max(0.0, 1 - std::abs(column - static_cast<double>(b)));
            if (weight > 0) pixels.push_back({a, b, weight});
          }
        }
        return pixels;
      });
}

Case pad_case(const Extent& image, const Margins& m) {
  return image_case(
      fmt::format("margins {} {} {} {}", m.top, m.bottom, m.left, m.right), image,
      {image[0] + m.top + m.bottom, image[1] + m.left + m.right},
      [=](Graph& g, ValueId x) { return pad(g, x, m); },
      [=](int64_t i, int64_t j) {
        return std::vector<Pixel>{{i - m.top, j - m.left, 1.0}};
      });
}

}  // namespace

TEST_CASE("resample: repeated along each axis") {
  for (const int64_t times : {1, 2, 3}) {
    check(image_case(
              "repeated rows", {3, 4}, {3 * times, 4},
              [=](Graph& g, ValueId x) { return repeat(g, x, 1, times); },
              [=](int64_t i, int64_t j) {
                return std::vector<Pixel>{{i / times, j, 1.0}};
              }),
          kResampleSizes);
    check(image_case(
              "repeated columns", {3, 4}, {3, 4 * times},
              [=](Graph& g, ValueId x) { return repeat(g, x, 2, times); },
              [=](int64_t i, int64_t j) {
                return std::vector<Pixel>{{i, j / times, 1.0}};
              }),
          kResampleSizes);
  }
}

TEST_CASE("resample: bilinear") {
  check(bilinear_case({3, 4}, {2, 2}), kResampleSizes);
  check(bilinear_case({2, 5}, {3, 1}), kResampleSizes);
  check(bilinear_case({1, 1}, {2, 4}), kResampleSizes);
}

TEST_CASE("resample: padded and cropped") {
  check(pad_case({3, 4}, {1, 2, 0, 3}), kResampleSizes);
  check(pad_case({5, 6}, {-1, -2, -2, -3}), kResampleSizes);
  check(pad_case({5, 3}, {2, -1, -1, 2}), kResampleSizes);
  check(pad_case({3, 3}, {-2, 4, 5, -2}), kResampleSizes);
  Graph g;
  CHECK_THROWS_WITH_AS(pad(g, g.input("x", {Shape{kBatch, 3, 4, 2}}), {-2, -1, 0, 0}),
                       "nothing is left of (N, 3, 4, 2)", graph::ShapeError);
}
