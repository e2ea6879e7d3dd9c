#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "nn/component.h"
#include "nn/run.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;
using graph::ShapeError;

namespace {

struct BuiltImageLayer {
  std::string shape;
  std::string variables;
};

BuiltImageLayer build_image_layer(const std::string& yaml, const Shape& x, bool training = true) {
  graph::Graph g;
  Builder b(g, training);
  const ValueId y = layer(yaml)->build(b, g.input("x", {x}));
  BuiltImageLayer built{g.shape(y).to_string(), ""};
  for (const Variable& v : b.variables()) {
    built.variables += (built.variables.empty() ? "" : ", ") + v.name + " " + v.shape.to_string();
  }
  return built;
}

std::string shape_of(const std::string& yaml, const Shape& x) {
  return build_image_layer(yaml, x).shape;
}

// 0, 1, 2, ... under this shape.
Values counted(const std::vector<int64_t>& dims) {
  Values values{dims, {}};
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  values.elements.resize(static_cast<size_t>(count));
  std::iota(values.elements.begin(), values.elements.end(), 0.0f);
  return values;
}

const Shape kImages{kBatch, 10, 12, 3};
const Shape kSeries{kBatch, 20, 3};

}  // namespace

TEST_CASE("image layers: Conv2D") {
  const BuiltImageLayer plain = build_image_layer("Conv2D: {filters: 4, kernel_size: 3}", kImages);
  CHECK(plain.shape == "(N, 8, 10, 4)");
  CHECK(plain.variables == "kernel (3, 3, 3, 4), bias (4)");
  CHECK(shape_of("Conv2D: {filters: 4, kernel_size: [3, 5], padding: same}", kImages) ==
        "(N, 10, 12, 4)");
  CHECK(shape_of("Conv2D: {filters: 4, kernel_size: 3, strides: [2, 3], padding: same}", kImages) ==
        "(N, 5, 4, 4)");
  CHECK(shape_of("Conv2D: {filters: 4, kernel_size: 3, strides: 2}", kImages) == "(N, 4, 5, 4)");
  CHECK(shape_of("Conv2D: {filters: 4, kernel_size: 3, dilation_rate: 2}", kImages) ==
        "(N, 6, 8, 4)");
  CHECK(
      build_image_layer("Conv2D: {filters: 6, kernel_size: 1, groups: 3, use_bias: false}", kImages)
          .variables == "kernel (1, 1, 1, 6)");
}

TEST_CASE("image layers: what does not fit says what to do") {
  const auto build_conv = [](const Shape& x, const std::string& more = "") {
    return build_image_layer("Conv2D: {filters: 4, kernel_size: 3" + more + "}", x);
  };
  CHECK_THROWS_WITH_AS(build_conv({kBatch, 28, 28}),
                       "needs images (N, H, W, C), not (N, 28, 28): put Reshape: {target_shape: "
                       "[28, 28, 1]} before it, or give dataset.shape: [28, 28, 1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_conv({kBatch, 784}), "needs images (N, H, W, C), not (N, 784)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_conv({kBatch, 2, 28, 1}),
                       "a window of 3 does not fit into 2 positions (padding: same would pad them)",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_conv(kImages, ", groups: 2"),
                       "3 channels and 4 filters cannot be cut into 2 groups", ShapeError);
  CHECK_THROWS_WITH_AS(build_conv(kImages, ", strides: [1, 1, 1]"),
                       "strides must be one number, or two for height and width, not 3 numbers",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_image_layer("Conv1D: {filters: 4, kernel_size: 3}", {kBatch, 150}),
                       "needs series (N, T, C), not (N, 150): put Reshape: {target_shape: [150, "
                       "1]} before it, or give dataset.shape: [150, 1]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_image_layer("ZeroPadding2D: {padding: [[1, 2, 3]]}", kImages),
                       "padding must be one number, [height, width], or [[top, bottom], [left, "
                       "right]]",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build_image_layer("RandomCrop: {height: 11, width: 3}", kImages),
                       "cannot cut 11 x 3 out of (N, 10, 12, 3)", ShapeError);
}

TEST_CASE("image layers: Conv1D") {
  const BuiltImageLayer plain = build_image_layer("Conv1D: {filters: 4, kernel_size: 3}", kSeries);
  CHECK(plain.shape == "(N, 18, 4)");
  CHECK(plain.variables == "kernel (3, 3, 4), bias (4)");
  CHECK(shape_of("Conv1D: {filters: 4, kernel_size: 8, padding: causal}", kSeries) == "(N, 20, 4)");
  // Causal: the last tap is the present.
  const Results causal =
      run_layer(*layer("Conv1D: {filters: 1, kernel_size: 3, padding: causal, use_bias: false}"),
                {counted({1, 4, 1}), {{100, 10, 1}}, {}, true});
  CHECK(causal.y == std::vector<float>{0, 1, 12, 123});
}

TEST_CASE("image layers: the other convolutions") {
  CHECK(build_image_layer("Conv2DTranspose: {filters: 4, kernel_size: 3, strides: 2}", kImages)
            .shape == "(N, 21, 25, 4)");
  CHECK(build_image_layer(
            "Conv2DTranspose: {filters: 4, kernel_size: 3, strides: 2, padding: same}", kImages)
            .shape == "(N, 20, 24, 4)");
  CHECK(build_image_layer("Conv2DTranspose: {filters: 4, kernel_size: 2, strides: 3}", kImages)
            .variables == "kernel (2, 2, 4, 3), bias (4)");
  const BuiltImageLayer depthwise =
      build_image_layer("DepthwiseConv2D: {kernel_size: 3, depth_multiplier: 2}", kImages);
  CHECK(depthwise.shape == "(N, 8, 10, 6)");
  CHECK(depthwise.variables == "kernel (3, 3, 3, 2), bias (6)");
  const BuiltImageLayer separable =
      build_image_layer("SeparableConv2D: {filters: 5, kernel_size: 3}", kImages);
  CHECK(separable.shape == "(N, 8, 10, 5)");
  CHECK(separable.variables ==
        "depthwise_kernel (3, 3, 3, 1), pointwise_kernel (1, 1, 3, 5), bias (5)");
}

TEST_CASE("image layers: pooling") {
  CHECK(shape_of("MaxPooling2D", kImages) == "(N, 5, 6, 3)");
  CHECK(shape_of("MaxPooling2D: 3", kImages) == "(N, 3, 4, 3)");
  CHECK(shape_of("AveragePooling2D: {pool_size: 3, strides: 1, padding: same}", kImages) ==
        "(N, 10, 12, 3)");
  CHECK(shape_of("MaxPooling1D: {pool_size: 3, strides: 2}", kSeries) == "(N, 9, 3)");
  CHECK(shape_of("AveragePooling1D", kSeries) == "(N, 10, 3)");
  CHECK(shape_of("GlobalMaxPooling2D", kImages) == "(N, 3)");
  CHECK(shape_of("GlobalAveragePooling2D: {keepdims: true}", kImages) == "(N, 1, 1, 3)");
  CHECK(shape_of("GlobalMaxPooling1D", kSeries) == "(N, 3)");
  CHECK(shape_of("GlobalAveragePooling1D: {keepdims: true}", kSeries) == "(N, 1, 3)");
}

TEST_CASE("image layers: other sizes") {
  CHECK(shape_of("UpSampling1D: 3", kSeries) == "(N, 60, 3)");
  CHECK(shape_of("UpSampling2D: {size: [1, 2], interpolation: bilinear}", kImages) ==
        "(N, 10, 24, 3)");
  CHECK(shape_of("ZeroPadding2D: [1, 2]", kImages) == "(N, 12, 16, 3)");
  CHECK(shape_of("ZeroPadding2D: {padding: [[0, 1], [2, 0]]}", kImages) == "(N, 11, 14, 3)");
  CHECK(shape_of("Cropping2D: {cropping: [[1, 2], [3, 4]]}", kImages) == "(N, 7, 5, 3)");
  const Results up = run_layer(*layer("UpSampling2D"), {counted({1, 1, 2, 1}), {}, {}, true});
  CHECK(up.y == std::vector<float>{0, 0, 1, 1, 0, 0, 1, 1});
}

TEST_CASE("image layers: augmentation happens in training only") {
  const Values x = counted({5, 4, 4, 1});
  for (const std::string yaml : {"RandomFlip", "RandomFlip: horizontal",
                                 "RandomTranslation: {height_factor: 0.5, width_factor: 0.25}"}) {
    INFO(yaml);
    CHECK(run_layer(*layer(yaml), {x, {}, {}, false}).y == x.elements);
    CHECK(run_layer(*layer(yaml), {x, {}, {}, true}).y != x.elements);
  }
  // Rows stay rows when only left and right change places.
  const Results flipped = run_layer(*layer("RandomFlip: horizontal"), {x, {}, {}, true});
  for (size_t row = 0; row < 20; ++row) {
    std::vector<float> got(flipped.y.begin() + static_cast<long>(row * 4),
                           flipped.y.begin() + static_cast<long>(row * 4 + 4));
    if (got[0] > got[3]) std::reverse(got.begin(), got.end());
    for (size_t j = 0; j < 4; ++j) CHECK(got[j] == static_cast<float>(row * 4 + j));
  }
  CHECK(run_layer(*layer("RandomCrop: {height: 2, width: 2}"), {x, {}, {}, false}).y[0] == 5);
  CHECK(build_image_layer("RandomCrop: {height: 3, width: 2}", kImages).shape == "(N, 3, 2, 3)");
  CHECK(build_image_layer("RandomCrop: {height: 3, width: 2}", kImages, false).shape ==
        "(N, 3, 2, 3)");
}

TEST_CASE("image layers: brightness and contrast change by a number for each image") {
  const Values x{{2, 1, 2, 2}, {0.4f, 0.5f, 0.6f, 0.5f, 0.4f, 0.5f, 0.6f, 0.5f}};
  for (const std::string yaml : {"RandomBrightness: 0.3", "RandomContrast: 0.8"}) {
    CHECK(run_layer(*layer(yaml), {x, {}, {}, false}).y == x.elements);
    const std::vector<float> y = run_layer(*layer(yaml), {x, {}, {}, true}).y;
    CHECK(y[0] != y[4]);
    for (size_t i = 0; i < 8; i += 4) {
      CHECK(y[i + 1] == doctest::Approx(y[i + 3]));
      CHECK(y[i + 2] - y[i + 1] == doctest::Approx(y[i + 1] - y[i]));
    }
  }
  const std::vector<float> brighter = run_layer(*layer("RandomBrightness: 0.3"), {x, {}, {}}).y;
  CHECK(brighter[1] - brighter[0] == doctest::Approx(0.1));
  const std::vector<float> sharper = run_layer(*layer("RandomContrast: 0.8"), {x, {}, {}}).y;
  CHECK(sharper[1] == doctest::Approx(0.5));
  const std::string cut = "RandomContrast: {factor: 0.8, value_range: [0.45, 0.5]}";
  for (const float value : run_layer(*layer(cut), {x, {}, {}}).y) {
    CHECK(value >= 0.45f);
    CHECK(value <= 0.5f);
  }
  CHECK_THROWS_WITH_AS(
      build_image_layer("RandomBrightness: {factor: 0.1, value_range: [1, 0]}", kImages),
      "value_range must be two numbers, the lower one first", ShapeError);
}
