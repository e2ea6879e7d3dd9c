#include "ops/normalize/normalize.h"

#include <doctest/doctest.h>

#include <cmath>

#include "device/cpu_context.h"
#include "graph/executable.h"
#include "ops/cpu_kernels.h"
#include "ops/functions.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr double kEpsilon = 1e-3;

struct Moments {
  double mean = 0;
  double variance = 0;
};

// Of `count` elements, `step` apart.
Moments moments(const double* x, size_t count, size_t step) {
  Moments m;
  for (size_t i = 0; i < count; ++i) m.mean += x[i * step] / static_cast<double>(count);
  for (size_t i = 0; i < count; ++i) {
    m.variance += std::pow(x[i * step] - m.mean, 2) / static_cast<double>(count);
  }
  return m;
}

// x, gamma, beta; normalised over the rows (batch) or over the channels (layer).
Array normalise(std::span<const Array> in, size_t channels, bool over_rows) {
  const Array& x = in[0];
  const size_t rows = x.size() / channels;
  Array y(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t c = i % channels;
    const Moments m = over_rows ? moments(&x[c], rows, channels) : moments(&x[i - c], channels, 1);
    y[i] = (x[i] - m.mean) / std::sqrt(m.variance + kEpsilon) * in[1][c] + in[2][c];
  }
  return y;
}

std::vector<Input> scaled_inputs(const Shape& x) {
  return {{x, -1, 3}, {{x.back()}, 0.5, 1.5}, {{x.back()}}};
}

Case batch_norm_case() {
  return {"batch norm",
          [](int64_t width) {
            return scaled_inputs({kBatch, width});
          },
          [](Graph& g, std::span<const ValueId> x) {
            return batch_norm(g, x[0], x[1], x[2], static_cast<float>(kEpsilon)).y;
          },
          [](std::span<const Array> x, Sizes s) {
            return normalise(x, static_cast<size_t>(s.width), true);
          },
          true,
          1e-5,
          1.0};
}

Case layer_norm_case() {
  Case c = batch_norm_case();
  c.name = "layer norm";
  c.build = [](Graph& g, std::span<const ValueId> x) {
    return layer_norm(g, x[0], x[1], x[2], static_cast<float>(kEpsilon));
  };
  c.reference = [](std::span<const Array> x, Sizes s) {
    return normalise(x, static_cast<size_t>(s.width), false);
  };
  return c;
}

constexpr Sizes kNormalizeSizes[] = {{0, 7}, {1, 7},   {7, 1},   {7, 33},
                                     {7, 7}, {33, 33}, {3, 300}, {33, 150}};

}  // namespace

TEST_CASE("normalize: batch norm") {
  Case c = batch_norm_case();
  check(c, kNormalizeSizes);
  c.name += " of (N, 3, C)";
  c.inputs = [](int64_t width) { return scaled_inputs({kBatch, 3, width}); };
  check(c, kNormalizeSizes);
}

TEST_CASE("normalize: layer norm") {
  Case c = layer_norm_case();
  check(c, kNormalizeSizes);
  const Sizes many_rows[] = {{301, 5}};
  check(c, many_rows);
  c.name += " of (N, 3, C)";
  c.inputs = [](int64_t width) { return scaled_inputs({kBatch, 3, width}); };
  check(c, kNormalizeSizes);
}

TEST_CASE("normalize: the moments of the batch, and the moving ones") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 2}});
  const ValueId gamma = g.input("gamma", {Shape{2}});
  const ValueId beta = g.input("beta", {Shape{2}});
  const ValueId moving = g.variable("moving", {Shape{2}});
  const BatchNormResult result = batch_norm(g, x, gamma, beta, 1e-3f);
  update_moving_average(g, moving, result.mean, 0.75f);
  const ValueId keep[] = {result.mean, result.variance};
  device::CpuContext context(1);
  graph::Executable executable(g, keep, 4, cpu_kernels(), context);
  float values[] = {1, 10, 3, 10, 5, 30, 7, 30};
  float ones[] = {1, 1};
  float zeros[] = {0, 0};
  float average[] = {8, 40};
  executable.bind(x, values);
  executable.bind(gamma, ones);
  executable.bind(beta, zeros);
  executable.bind(moving, average);
  executable.run(4);
  CHECK(executable.tensor(result.mean).f32()[0] == 4);
  CHECK(executable.tensor(result.mean).f32()[1] == 20);
  CHECK(executable.tensor(result.variance).f32()[0] == 5);
  CHECK(executable.tensor(result.variance).f32()[1] == 100);
  CHECK(average[0] == 7);
  CHECK(average[1] == 35);
}
