#include "ops/product/precision.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "device/gpu_survey.h"
#include "ops/functions.h"
#include "ops/fusion.h"
#include "ops/harness.h"
#include "ops/image/image.h"
#include "ops/product/bfloat16.h"
#include "ops/product/float16.h"
#include "ops/product/matmul.h"

using namespace mlrun;
using namespace mlrun::ops;
using namespace mlrun::ops::testing;

namespace {

constexpr Precision kAll[] = {Precision::kFloat32, Precision::kTfloat32, Precision::kBfloat16,
                              Precision::kFloat16};

device::Gpu gpu_of(const char* capability) {
  device::Gpu gpu;
  gpu.name = "A";
  gpu.compute_capability = capability;
  return gpu;
}

float rounded(double v, Precision precision) {
  auto x = static_cast<float>(v);
  if (precision == Precision::kBfloat16) round_to_bfloat16(&x, &x, 1);
  if (precision == Precision::kFloat16) round_to_float16(&x, &x, 1);
  return x;
}

// relu(op(a) op(b) + row), or only the product.
struct ProductCase {
  Precision precision;
  bool transpose_a = false;
  bool transpose_b = false;
  bool finished = false;
  double low = -1, high = 1;
};

constexpr int64_t kColumns = 50;

std::vector<Input> inputs_of(const ProductCase& p, int64_t width) {
  std::vector<Input> all = {{{kBatch, width}, p.low, p.high}};
  if (p.transpose_a) {
    all.push_back({{kBatch, kColumns}, p.low, p.high});
  } else {
    all.push_back({p.transpose_b ? Shape{kColumns, width} : Shape{width, kColumns}, p.low, p.high});
  }
  if (p.finished) all.push_back({{kColumns}});
  return all;
}

ValueId build(const ProductCase& p, Graph& g, std::span<const ValueId> x) {
  const auto op = std::make_shared<MatMulOp>(p.transpose_a, p.transpose_b, nullptr, p.precision);
  const ValueId product = g.apply(op, {x[0], x[1]});
  return p.finished ? unary(g, Ew::kRelu, add(g, product, x[2])) : product;
}

Array reference(const ProductCase& p, std::span<const Array> x, Sizes s) {
  const int64_t rows = p.transpose_a ? s.width : s.batch;
  const int64_t inner = p.transpose_a ? s.batch : s.width;
  Array y(static_cast<size_t>(rows * kColumns));
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < kColumns; ++j) {
      double sum = p.finished ? x[2][static_cast<size_t>(j)] : 0;
      for (int64_t l = 0; l < inner; ++l) {
        const int64_t a = p.transpose_a ? l * s.width + i : i * s.width + l;
        const int64_t b = p.transpose_b ? j * s.width + l : l * kColumns + j;
        sum += static_cast<double>(rounded(x[0][static_cast<size_t>(a)], p.precision)) *
               rounded(x[1][static_cast<size_t>(b)], p.precision);
      }
      y[static_cast<size_t>(i * kColumns + j)] = p.finished ? std::max(sum, 0.0) : sum;
    }
  }
  return y;
}

// What a GPU makes of tf32 is its own; all else rounds to the nearest.
void check_product(const ProductCase& p) {
  constexpr Sizes kSizes[] = {{0, 7}, {1, 1}, {1, 7}, {7, 33}, {33, 33}, {131, 67}};
  check({std::string(to_string(p.precision)) + (p.finished ? ", relu(product + row)" : ""),
         [=](int64_t width) { return inputs_of(p, width); },
         [=](Graph& g, std::span<const ValueId> x) { return build(p, g, x); },
         [=](std::span<const Array> x, Sizes s) { return reference(p, x, s); }, false,
         p.precision == Precision::kTfloat32 ? 5e-3 : 1e-5, 1.0},
        kSizes);
}

}  // namespace

TEST_CASE("precision: products of rounded operands, as they are and with an epilogue") {
  for (const Precision precision : kAll) {
    for (const bool finished : {false, true}) {
      check_product({precision, false, false, finished});
      check_product({precision, false, true, finished});
    }
    check_product({precision, true, false, false});
  }
}

TEST_CASE("precision: an operand that float16 does not reach is infinite, one below its least 0") {
  check_product({Precision::kFloat16, false, false, false, 7e4, 7e4});
  check_product({Precision::kFloat16, false, true, false, -7e4, -7e4});
  check_product({Precision::kFloat16, false, false, false, 1e-9, 1e-9});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Precision precision : kAll) check_product({precision, false, false, true, nan, nan});
}

TEST_CASE("precision: the pass changes every matrix product, gradients included") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 20}});
  const ValueId w = g.variable("w", {Shape{20, 30}});
  const ValueId objective = sum(g, matmul(g, x, w));
  const ValueId wrt[] = {x, w};
  graph::differentiate(g, objective, wrt, autodiff_ops());
  for (const Precision precision : kAll) {
    set_precision(g, precision);
    int products = 0;
    for (const graph::Node& node : g.nodes()) {
      const auto* product = dynamic_cast<const MatMulOp*>(node.op.get());
      if (!product) continue;
      ++products;
      CHECK(product->precision() == precision);
    }
    CHECK(products == 3);
  }
}

TEST_CASE("precision: convolutions may be computed in tf32, in all but float32") {
  Graph g;
  const ValueId x = g.input("x", {Shape{kBatch, 6, 6, 2}});
  const ValueId w = g.variable("w", {Shape{3, 3, 2, 4}});
  const ValueId objective = sum(g, unary(g, Ew::kRelu, convolution(g, x, w, {})));
  const ValueId wrt[] = {x, w};
  graph::differentiate(g, objective, wrt, autodiff_ops());
  const auto allowed = [&] {
    std::vector<bool> all;
    for (const graph::Node& node : g.nodes()) {
      const auto* images = dynamic_cast<const ConvolutionOp*>(node.op.get());
      const auto* filters = dynamic_cast<const ConvolutionWeightGradOp*>(node.op.get());
      if (images) all.push_back(images->may_use_tf32());
      if (filters) all.push_back(filters->may_use_tf32());
    }
    return all;
  };
  for (const Precision precision : kAll) {
    set_precision(g, precision);
    CHECK(allowed() == std::vector<bool>(3, precision != Precision::kFloat32));
  }
  fuse(g, wrt);  // the relu into its convolution
  CHECK(allowed() == std::vector<bool>(3, true));
}

TEST_CASE("precision: what a device makes of it") {
  const device::Gpu turing = gpu_of("7.5");
  const device::Gpu hopper = gpu_of("9.0");
  const device::Gpu unknown = gpu_of("");
  const auto mode = [](Precision wanted, const device::Gpu* gpu) {
    return to_string(product_mode(wanted, gpu));
  };
  for (const Precision wanted : kAll) {
    CHECK(mode(wanted, &hopper) == to_string(wanted));
    CHECK(mode(wanted, &unknown) == to_string(wanted));
  }
  CHECK(mode(Precision::kFloat32, &turing) == "float32");
  CHECK(mode(Precision::kTfloat32, &turing) == "float32");
  CHECK(mode(Precision::kBfloat16, &turing) == "bfloat16 (emulated)");
  CHECK(mode(Precision::kFloat16, &turing) == "float16");
  CHECK(mode(Precision::kFloat32, nullptr) == "float32");
  CHECK(mode(Precision::kTfloat32, nullptr) == "float32");
  CHECK(mode(Precision::kFloat16, nullptr) == "float16 (emulated)");
  CHECK(mode(Precision::kBfloat16, nullptr) ==
        (multiplies_bfloat16() ? "bfloat16" : "bfloat16 (emulated)"));
  CHECK(describe(Precision::kTfloat32, nullptr) == "tf32, which this CPU does not have: float32");
  CHECK(describe(Precision::kFloat16, nullptr) ==
        "float16, emulated: this CPU has no instructions for it, so that it costs more time than "
        "float32");
  CHECK(describe(Precision::kTfloat32, &hopper) == "tf32, with the instructions of A");
}
