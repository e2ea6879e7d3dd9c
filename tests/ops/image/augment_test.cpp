#include "ops/image/augment.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/philox.h"
#include "ops/harness.h"
#include "ops/image/image.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr int64_t kHeight = 4;
constexpr int64_t kWidth = 5;
constexpr Sizes kAugmentSizes[] = {{0, 3}, {1, 1}, {40, 3}};

// One axis of a drawn image as text: which position is shown where, '.' for none.
int64_t shown(const AugmentAxis& axis, int64_t size, FillMode mode, uint32_t flip, uint32_t draw,
              int64_t i) {
  const auto choices = static_cast<uint64_t>(axis.first_high - axis.first_low + 1);
  int64_t at = axis.flip && flip % 2 == 1 ? axis.out - 1 - i : i;
  at += axis.first_low + static_cast<int64_t>(choices * draw >> 32);
  if (at >= 0 && at < size) return at;
  if (mode == FillMode::kConstant) return -1;
  // Walk in from the outside, one image at a time.
  if (mode == FillMode::kNearest) return at < 0 ? 0 : size - 1;
  bool mirrored = false;
  while (at < 0 || at >= size) {
    at += at < 0 ? size : -size;
    mirrored = !mirrored;
  }
  return mode == FillMode::kReflect && mirrored ? size - 1 - at : at;
}

Case augment_case(const std::string& name, const AugmentSettings& s) {
  return {name,
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, kHeight, kWidth, width}},
                                      {{4}, 0, 4294967295.0, DType::kUint32}};
          },
          [=](Graph& g, std::span<const ValueId> x) { return augment(g, x[0], x[1], s); },
          [=](std::span<const Array> x, Sizes sizes) {
            Array y;
            const auto word = [&](size_t k) { return static_cast<uint32_t>(x[1][k]); };
            for (int64_t n = 0; n < sizes.batch; ++n) {
              const PhiloxBlock drawn = philox4x32(
                  {static_cast<uint32_t>(n), s.salt, word(2), word(3)}, {word(0), word(1)});
              for (int64_t at = 0; at < s.height.out * s.width.out * sizes.width; ++at) {
                const int64_t i = shown(s.height, kHeight, s.fill_mode, drawn[0], drawn[2],
                                        at / sizes.width / s.width.out);
                const int64_t j = shown(s.width, kWidth, s.fill_mode, drawn[1], drawn[3],
                                        at / sizes.width % s.width.out);
                const int64_t from =
                    ((n * kHeight + i) * kWidth + j) * sizes.width + at % sizes.width;
                y.push_back(i < 0 || j < 0 ? static_cast<double>(s.fill_value)
                                           : x[0][static_cast<size_t>(from)]);
              }
            }
            return y;
          }};
}

}  // namespace

TEST_CASE("augment: flips") {
  check(augment_case("both", {{kHeight, 0, 0, true}, {kWidth, 0, 0, true}}), kAugmentSizes);
  check(augment_case("rows", {{kHeight, 0, 0, true}, {kWidth, 0, 0, false}}), kAugmentSizes);
  check(augment_case("columns, salted",
                     {{kHeight, 0, 0, false}, {kWidth, 0, 0, true}, FillMode::kConstant, 0, 7}),
        kAugmentSizes);
}

TEST_CASE("augment: a part of the image") {
  check(augment_case("crop", {{3, 0, 1, false}, {2, 0, 3, false}}), kAugmentSizes);
}

TEST_CASE("augment: shifts, with every way to fill the gap") {
  for (const FillMode mode :
       {FillMode::kConstant, FillMode::kNearest, FillMode::kReflect, FillMode::kWrap}) {
    check(augment_case(fmt::format("shift, fill mode {}", static_cast<int>(mode)),
                       {{kHeight, -9, 9, false}, {kWidth, -2, 2, true}, mode, 0.5f, 1}),
          kAugmentSizes);
  }
}
