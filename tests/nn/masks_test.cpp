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

// Two series of one feature, the first masked and the second if asked for, are merged; then the
// mean of the steps that count.
struct MergedMeans : Layer {
  ValueId build_from(Builder& b, std::span<const ValueId> xs) const override {
    std::vector<ValueId> read = {masked(b, "a", xs[0]), both ? masked(b, "b", xs[1]) : xs[1]};
    if (swapped) std::swap(read[0], read[1]);
    const ValueId y = b.add("merge", "", *layer(merge), read);
    return b.add("mean", "", *layer("GlobalAveragePooling1D"), std::span(&y, 1));
  }
  static ValueId masked(Builder& b, const char* name, ValueId x) {
    return b.add(name, "", *layer("Masking: 0"), std::span(&x, 1));
  }
  std::string merge;
  bool both = true;
  bool swapped = false;
};

void check_merged_means(const std::string& merge, bool both, bool swapped,
                        const std::vector<float>& want) {
  CAPTURE(merge);
  CAPTURE(both);
  CAPTURE(swapped);
  MergedMeans layer;
  layer.merge = merge;
  layer.both = both;
  layer.swapped = swapped;
  const Results got = run_layer(layer, {.x = {{1, 3, 1}, {1, 2, 0}},
                                        .weights = {},
                                        .dy = {},
                                        .other = Values{{1, 3, 1}, {0, 5, 6}}});
  REQUIRE(got.y.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK(got.y[i] == doctest::Approx(want[i]));
}

// Of one series that is masked.
std::vector<float> masked_means(const std::string& yaml, const std::vector<float>& x,
                                const std::vector<std::vector<float>>& weights = {}) {
  return run_layer(StackedLayers({"Masking: 0", yaml, "GlobalAveragePooling1D"}),
                   {.x = {{1, static_cast<int64_t>(x.size()), 1}, x}, .weights = weights, .dy = {}})
      .y;
}

// Sentences of check, for layers one behind the other on series of two features.
std::vector<std::string> masks_lost(
    const std::vector<std::pair<std::string, std::string>>& layers) {
  graph::Graph g;
  Builder b(g, false);
  ValueId x = g.input("x", {Shape{kBatch, 6, 2}});
  for (const auto& [name, yaml] : layers) x = b.add(name, "", *layer(yaml), std::span(&x, 1));
  return b.masks_lost();
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

TEST_CASE("masks: padding is in no share of an expert") {
  const std::vector<std::vector<float>> router = {{1, -1, 0.5f, 0.2f, 2, -1}};
  for (const char* chosen : {"1", "2"}) {
    const std::vector<std::string> layers = {
        "Masking: 0",
        std::string("MixtureOfExperts: {experts: 3, intermediate_dim: 2, experts_per_token: ") +
            chosen + "}",
        "GlobalAveragePooling1D"};
    const auto share = [&](size_t padding) {
      for (const std::vector<float>& weight : run_padded(layers, padding, router).weights) {
        if (weight.size() == 3) return weight;
      }
      return std::vector<float>();
    };
    const std::vector<float> bare = share(0);
    REQUIRE(bare.size() == 3);
    CHECK(bare[0] + bare[1] + bare[2] == doctest::Approx(0.01));
    const std::vector<float> padded = share(4);
    for (size_t e = 0; e < 3; ++e) CHECK(padded[e] == doctest::Approx(bare[e]).epsilon(1e-5));
  }
}

TEST_CASE("masks: where nothing counts, pooling gives 0") {
  for (const char* pooling : {"GlobalAveragePooling1D", "GlobalMaxPooling1D"}) {
    const Results none =
        run_layer(StackedLayers({"Masking: 0", pooling}),
                  {.x = {{1, 3, 2}, std::vector<float>(6)}, .weights = {}, .dy = {1, 1}});
    CHECK(std::abs(none.y[0]) + std::abs(none.y[1]) == 0);
  }
}

TEST_CASE("masks: a step of several inputs is padding if it is in any of them, in either order") {
  using Means = std::vector<float>;
  struct Case {
    const char* merge;
    Means means, swapped, one_masked;
  };
  // Of both masks only the second step is left, of one the first two.
  for (const Case& c : {Case{"Add", {7}, {7}, {4}}, Case{"Average", {3.5f}, {3.5f}, {2}},
                        Case{"Multiply", {10}, {10}, {5}}, Case{"Maximum", {5}, {5}, {3}},
                        Case{"Minimum", {2}, {2}, {1}}, Case{"Subtract", {-3}, {3}, {-1}},
                        Case{"Concatenate", {2, 5}, {5, 2}, {1.5f, 2.5f}},
                        Case{"Concatenate: {axis: 1}", {3.5f}, {3.5f}, {2.8f}}}) {
    check_merged_means(c.merge, true, false, c.means);
    check_merged_means(c.merge, true, true, c.swapped);
    check_merged_means(c.merge, false, false, c.one_masked);
  }
  check_merged_means("Add", false, true, {4});
  check_merged_means("Concatenate", false, true, {2.5f, 1.5f});
  check_merged_means("Concatenate: {axis: 1}", false, true, {2.8f});
}

TEST_CASE("masks: a part of the steps has its part of the mask") {
  CHECK(masked_means("Slice: {begin: 1, axis: 1}", {1, 2, 0, 4})[0] == 3);
  CHECK(masked_means("Slice: {begin: 0, end: -1, axis: 1}", {1, 2, 0, 4})[0] == 1.5f);
}

TEST_CASE("masks: states in reversed time have the mask in reversed time") {
  const std::vector<std::vector<float>> identity = {{1}, {0}, {0}};
  const std::string rnn = "SimpleRNN: {units: 1, activation: linear, return_sequences: true";
  CHECK(masked_means(rnn + "}", {1, 4, 0}, identity)[0] == 2.5f);
  CHECK(masked_means(rnn + ", go_backwards: true}", {1, 4, 0}, identity)[0] == 2.5f);  // 0, 4, 1
  std::vector<std::vector<float>> twice = identity;
  twice.insert(twice.end(), identity.begin(), identity.end());
  for (const char* first : {"false", "true"}) {
    CAPTURE(first);
    const std::string both =
        "Bidirectional: {merge_mode: sum, layer: {" + rnn + ", go_backwards: " + first + "}}}";
    CHECK(masked_means(both, {1, 4, 0}, twice)[0] == 5);
  }
}

TEST_CASE("masks: only steps (N, T) can be padding") {
  const StackedLayers words({"Embedding: {input_dim: 2, output_dim: 1, mask_zero: true}",
                             "Reshape: [2, 2]", "GlobalAveragePooling1D"});
  CHECK(run_layer(words, {.x = {{1, 2, 2}, {0, 1, 1, 1}}, .weights = {{5, 3}}, .dy = {}}).y ==
        std::vector<float>{4, 3});
}

TEST_CASE("masks: where one ends, check says so") {
  using Lost = std::vector<std::string>;
  CHECK(masks_lost({{"m", "Masking: 0"}, {"c", "Conv1D: {filters: 2, kernel_size: 2}"}}) ==
        Lost{"the mask of 'm' ends at 'c': padding counts from there on"});
  CHECK(masks_lost(
            {{"m", "Masking: 0"}, {"d", "Dense: 3"}, {"p", "MaxPooling1D: 2"}, {"f", "Flatten"}}) ==
        Lost{"the mask of 'm' ends at 'p': padding counts from there on"});
  CHECK(
      masks_lost({{"m", "Masking: 0"}, {"capsule", "Capsule: {num_capsule: 6, dim_capsule: 2}"}}) ==
      Lost{"the mask of 'm' ends at 'capsule': padding counts from there on"});
  CHECK(masks_lost({{"m", "Masking: 0"},
                    {"c", "Conv1D: {filters: 2, kernel_size: 2, padding: same}"},
                    {"t", "TransformerEncoder: {num_heads: 1, intermediate_dim: 2}"},
                    {"s", "Slice: {begin: 2, axis: 1}"},
                    {"l", "Bidirectional: {layer: {LSTM: 3}}"},
                    {"d", "Dense: 1"}}) == Lost{});
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
