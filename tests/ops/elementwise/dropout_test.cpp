#include <doctest/doctest.h>

#include <cmath>

#include "base/philox.h"
#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

// The random state is {key, step}; the salt goes into the block number's high word.
uint32_t draw_word(const Array& state, uint32_t salt, size_t i) {
  const auto word = [&](size_t k) { return static_cast<uint32_t>(state[k]); };
  const auto block = static_cast<uint32_t>(i / 4);
  return philox4x32({block, salt, word(2), word(3)}, {word(0), word(1)})[i % 4];
}

Case dropout_case(double rate, uint32_t salt) {
  return {"dropout of " + std::to_string(rate),
          [](int64_t width) {
            return std::vector<Input>{{{kBatch, width}}, {{4}, 0, 4294967295.0, DType::kUint32}};
          },
          [=](Graph& g, std::span<const ValueId> x) {
            return dropout(g, x[0], x[1], static_cast<float>(rate), salt);
          },
          [=](std::span<const Array> x, Sizes) {
            Array y;
            for (size_t i = 0; i < x[0].size(); ++i) {
              const bool kept = draw_word(x[1], salt, i) >= rate * 4294967296.0;
              y.push_back(kept ? x[0][i] / (1 - rate) : 0);
            }
            return y;
          }};
}

}  // namespace

// The gradient that the harness checks is that of the same mask.
TEST_CASE("dropout: the mask of the scalar Philox, forward and backward") {
  for (const double rate : {0.125, 0.5, 0.875}) {
    for (const uint32_t salt : {0u, 1u, 77u}) check(dropout_case(rate, salt));
  }
}

TEST_CASE("dropout: behind a matrix product, where it becomes an epilogue") {
  Case c = dropout_case(0.5, 3);
  c.name += " of a product";
  c.inputs = [](int64_t width) {
    return std::vector<Input>{
        {{kBatch, width}}, {{4}, 0, 4294967295.0, DType::kUint32}, {{width, width}, -1, 1}};
  };
  c.build = [](Graph& g, std::span<const ValueId> x) {
    return dropout(g, matmul(g, x[0], x[2]), x[1], 0.5f, 3);
  };
  c.reference = [](std::span<const Array> x, Sizes s) {
    const auto width = static_cast<size_t>(s.width);
    Array y;
    for (size_t i = 0; i < x[0].size(); ++i) {
      double sum = 0;
      for (size_t k = 0; k < width; ++k)
        sum += x[0][i / width * width + k] * x[2][k * width + i % width];
      y.push_back(draw_word(x[1], 3, i) >= 0x80000000u ? 2 * sum : 0);
    }
    return y;
  };
  c.floor = 1;
  const Sizes sizes[] = {{0, 7}, {1, 7}, {7, 33}, {33, 33}, {515, 67}};
  check(c, sizes);
}

TEST_CASE("dropout: the rate, and other masks for other steps and salts") {
  constexpr int64_t kCount = 100000;
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch}});
  const ValueId state = g.input("state", {Shape{4}, DType::kUint32});
  const ValueId first = dropout(g, x, state, 0.3f, 1);
  const ValueId second = dropout(g, x, state, 0.3f, 2);
  const ValueId keep[] = {first, second};
  device::CpuContext context(1);
  graph::Executable executable(g, keep, kCount, cpu_kernels(), context);
  std::vector<float> ones(kCount, 1.0f);
  uint32_t words[] = {12345, 67890, 1, 0};
  executable.bind(x, ones.data());
  executable.bind(state, words);
  const auto mask = [&](ValueId id) {
    const float* y = executable.tensor(id).f32();
    return std::vector<float>(y, y + kCount);
  };
  const auto kept = [](const std::vector<float>& y) {
    int64_t count = 0;
    for (const float v : y) count += v != 0;
    return static_cast<double>(count) / static_cast<double>(kCount);
  };
  executable.run(kCount);
  const std::vector<float> a = mask(first);
  const std::vector<float> b = mask(second);
  words[2] = 2;
  executable.run(kCount);
  const std::vector<float> c = mask(first);
  // Four standard deviations of a fair count are 0.006.
  for (const auto* y : {&a, &b, &c}) CHECK(kept(*y) == doctest::Approx(0.7).epsilon(0.01));
  const auto both = [&](const std::vector<float>& p, const std::vector<float>& q) {
    std::vector<float> y(p);
    for (size_t i = 0; i < y.size(); ++i) y[i] *= q[i];
    return kept(y);
  };
  CHECK(both(a, b) == doctest::Approx(0.49).epsilon(0.02));
  CHECK(both(a, c) == doctest::Approx(0.49).epsilon(0.02));
}
