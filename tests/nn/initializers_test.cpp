#include "nn/initializers.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "nn/component.h"

using namespace mlrun;
using namespace mlrun::nn;
using nn::testing::component;

namespace {

std::vector<float> fill(const std::string& yaml, const Shape& shape, uint64_t index = 0) {
  std::vector<float> out(static_cast<size_t>(shape.elements()));
  const auto initializer = component<Initializer>(initializer_catalog(), yaml);
  initializer->fill(out, shape, PhiloxStream(3, Purpose::kInitialise), index);
  return out;
}

double largest(const std::vector<float>& x) {
  double most = 0;
  for (const float v : x) most = std::max(most, std::abs(static_cast<double>(v)));
  return most;
}

double mean_square(const std::vector<float>& x) {
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v) * v;
  return sum / static_cast<double>(x.size());
}

struct Scaled {
  const char* yaml;
  double variance;
  double bound;
};

constexpr double kIn = 200;
constexpr double kOut = 100;
// A normal truncated at two deviations, rescaled to its variance, ends here.
constexpr double kEnd = 2 / 0.87962566103423978;

}  // namespace

TEST_CASE("initializers: variance and bounds from the fans") {
  const Shape shape{200, 100};
  const double average = (kIn + kOut) / 2;
  const Scaled all[] = {
      {"GlorotUniform", 1 / average, std::sqrt(3 / average)},
      {"glorot_normal", 1 / average, kEnd * std::sqrt(1 / average)},
      {"HeUniform", 2 / kIn, std::sqrt(6 / kIn)},
      {"HeNormal", 2 / kIn, kEnd * std::sqrt(2 / kIn)},
      {"LecunUniform", 1 / kIn, std::sqrt(3 / kIn)},
      {"LecunNormal", 1 / kIn, kEnd * std::sqrt(1 / kIn)},
      {"VarianceScaling: {scale: 3, mode: fan_out, distribution: uniform}", 3 / kOut,
       std::sqrt(9 / kOut)},
      {"VarianceScaling: {scale: 3, mode: fan_out, distribution: untruncated_normal}", 3 / kOut, 1},
      {"RandomUniform", 0.1 * 0.1 / 12, 0.05},
      {"RandomNormal: {stddev: 0.5}", 0.25, 3},
      {"TruncatedNormal: {stddev: 0.5}", 0.25 / (kEnd * kEnd / 4), 1},
  };
  for (const Scaled& one : all) {
    INFO(one.yaml);
    const std::vector<float> w = fill(one.yaml, shape);
    CHECK(mean_square(w) == doctest::Approx(one.variance).epsilon(0.03));
    CHECK(largest(w) <= one.bound * (1 + 1e-6));
    CHECK(largest(w) > 0.9 * std::min(one.bound, 3.5 * std::sqrt(one.variance)));
    double mean = 0;
    for (const float v : w) mean += v / kIn / kOut;
    CHECK(std::abs(mean) < 0.03 * std::sqrt(one.variance));
  }
}

TEST_CASE("initializers: a mean moves the distribution") {
  for (const char* yaml :
       {"RandomNormal: {mean: 5, stddev: 0.1}", "RandomUniform: {minval: 4, maxval: 6}",
        "TruncatedNormal: {mean: 5, stddev: 0.1}"}) {
    double mean = 0;
    for (const float v : fill(yaml, Shape{1000})) mean += v / 1000;
    CHECK(mean == doctest::Approx(5).epsilon(0.01));
  }
}

TEST_CASE("initializers: constants and the identity") {
  CHECK(fill("Zeros", Shape{3}) == std::vector<float>{0, 0, 0});
  CHECK(fill("Ones", Shape{3}) == std::vector<float>{1, 1, 1});
  CHECK(fill("Constant: 2.5", Shape{2}) == std::vector<float>{2.5, 2.5});
  CHECK(fill("Identity: {gain: 2}", Shape{2, 3}) == std::vector<float>{2, 0, 0, 0, 2, 0});
}

TEST_CASE("initializers: Orthogonal has orthonormal rows or columns") {
  for (const auto& [rows, columns] : {std::pair{20, 8}, std::pair{8, 20}, std::pair{12, 12}}) {
    const std::vector<float> q = fill("Orthogonal", Shape{rows, columns});
    const auto at = [&, columns = columns](int i, int j) {
      return static_cast<double>(q[static_cast<size_t>(i * columns + j)]);
    };
    const int count = std::min(rows, columns);
    for (int a = 0; a < count; ++a) {
      for (int b = 0; b < count; ++b) {
        double product = 0;
        for (int k = 0; k < std::max(rows, columns); ++k) {
          product += rows < columns ? at(a, k) * at(b, k) : at(k, a) * at(k, b);
        }
        CHECK(std::abs(product - (a == b ? 1 : 0)) < 1e-6);
      }
    }
  }
}

TEST_CASE("initializers: a function of the stream and the variable's number alone") {
  for (const char* yaml : {"GlorotUniform", "HeNormal", "Orthogonal", "RandomNormal"}) {
    CHECK(fill(yaml, Shape{4, 4}, 1) == fill(yaml, Shape{4, 4}, 1));
    CHECK(fill(yaml, Shape{4, 4}, 1) != fill(yaml, Shape{4, 4}, 2));
  }
}
