// What padding changes: nothing.
#include <doctest/doctest.h>

#include <cmath>

#include "nn/component.h"
#include "nn/run.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;

namespace {

struct StackedLayers : Layer {
  explicit StackedLayers(std::vector<std::string> parts) : yaml(std::move(parts)) {}

  ValueId build(Builder& b, ValueId x) const override {
    for (size_t i = 0; i < yaml.size(); ++i) {
      x = b.add(std::to_string(i), "", *layer(yaml[i]), std::span(&x, 1));
    }
    return x;
  }
  std::vector<std::string> yaml;
};

const std::vector<float> kSteps = {0.3f, -1.2f, 0.8f, 0.5f, -0.4f, 0.9f};

// Of three steps of two features and `padding` steps of zeros.
Results run_padded(const std::vector<std::string>& layers, size_t padding,
                   const std::vector<std::vector<float>>& weights = {}) {
  std::vector<float> x = kSteps;
  x.resize(x.size() + 2 * padding);
  return run_layer(
      StackedLayers(layers),
      {.x = {{1, static_cast<int64_t>(3 + padding), 2}, x}, .weights = weights, .dy = {1, 2}});
}

void check_same(const std::vector<std::string>& layers,
                const std::vector<std::vector<float>>& weights = {}) {
  const Results bare = run_padded(layers, 0, weights);
  const Results padded = run_padded(layers, 4, weights);
  REQUIRE(bare.y.size() == padded.y.size());
  for (size_t i = 0; i < bare.y.size(); ++i) {
    CHECK(padded.y[i] == doctest::Approx(bare.y[i]).epsilon(1e-5));
  }
  for (size_t i = 0; i < padded.dx.size(); ++i) {
    CHECK(padded.dx[i] == doctest::Approx(i < kSteps.size() ? bare.dx[i] : 0.0f).epsilon(1e-4));
  }
}

std::vector<float> numbers_of(size_t count) {
  std::vector<float> all;
  for (size_t i = 0; i < count; ++i) all.push_back(std::sin(static_cast<float>(3 * i + 1)));
  return all;
}

}  // namespace

TEST_CASE("masks: padding changes neither pooling nor attention, nor a gradient") {
  check_same({"Masking: 0", "GlobalAveragePooling1D"});
  check_same({"Masking: 0", "GlobalMaxPooling1D"});
  check_same(
      {"Masking: 0", "MultiHeadAttention: {num_heads: 1, key_dim: 2}", "GlobalAveragePooling1D"},
      {numbers_of(12), numbers_of(6), numbers_of(4), numbers_of(2)});
}

TEST_CASE("masks: where nothing counts, pooling gives 0") {
  for (const char* pooling : {"GlobalAveragePooling1D", "GlobalMaxPooling1D"}) {
    const Results none =
        run_layer(StackedLayers({"Masking: 0", pooling}),
                  {.x = {{1, 3, 2}, std::vector<float>(6)}, .weights = {}, .dy = {1, 1}});
    CHECK(std::abs(none.y[0]) + std::abs(none.y[1]) == 0);
  }
}

TEST_CASE("Word2Vec: products of a word, or the mean of several, with what may be beside it") {
  const std::vector<std::vector<float>> weights = {{0, 0, 1, 2, 3, 4}, {0, 0, 5, 6, 7, 8}};
  const auto scores = [&](const std::vector<float>& x) {
    return run_layer(*layer("Word2Vec: {vocabulary: 3, width: 2, negatives: 1}"),
                     {.x = {{1, static_cast<int64_t>(x.size())}, x}, .weights = weights, .dy = {}})
        .y;
  };
  CHECK(scores({1, 1, 2}) == std::vector<float>{17, 23});
  CHECK(scores({2, 1, 0, 1, 2}) == std::vector<float>{28, 38});  // the mean of 1 and 2: (2, 3)
}

TEST_CASE("negative_sampling: the true one up, the others down") {
  const Results result = run_loss(*loss("negative_sampling"), {{1, 3}, {0.5f, -1, 2}}, {0});
  const auto minus_log_sigmoid = [](double s) { return std::log1p(std::exp(-s)); };
  CHECK(result.y[0] ==
        doctest::Approx(minus_log_sigmoid(0.5) + minus_log_sigmoid(1) + minus_log_sigmoid(-2)));
  CHECK(result.dx[0] == doctest::Approx(1 / (1 + std::exp(-0.5)) - 1));
  CHECK(result.dx[2] == doctest::Approx(1 / (1 + std::exp(-2.0))));
}
