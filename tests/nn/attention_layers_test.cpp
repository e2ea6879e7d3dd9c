#include <doctest/doctest.h>

#include <cmath>

#include "nn/component.h"
#include "nn/run.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;
using graph::ShapeError;

namespace {

struct Built {
  std::string shape;
  std::string variables;
  std::string rows;
  size_t penalties = 0;
};

Built build(const std::string& yaml, const Shape& x, bool training = true) {
  graph::Graph g;
  Builder b(g, training);
  const ValueId input = g.input("x", {x});
  const ValueId y = b.add("layer", "", *layer(yaml), std::span(&input, 1));
  Built built{g.shape(y).to_string(), "", "", b.penalties().size()};
  for (const Variable& v : b.variables()) {
    built.variables += (built.variables.empty() ? "" : ", ") + v.name + " " + v.shape.to_string();
  }
  for (const LayerSummary& row : b.summary()) {
    built.rows += (built.rows.empty() ? "" : ", ") + row.name;
  }
  return built;
}

Values ramp(std::vector<int64_t> dims) {
  Values values{dims, {}};
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  for (int64_t i = 0; i < count; ++i) {
    values.elements.push_back(static_cast<float>(i % 7) * 0.25f - 0.5f);
  }
  return values;
}

}  // namespace

TEST_CASE("attention layers: MultiHeadAttention") {
  const Built built =
      build("MultiHeadAttention: {num_heads: 2, key_dim: 3, value_dim: 5}", {kBatch, 4, 8});
  CHECK(built.shape == "(N, 4, 8)");
  CHECK(built.variables ==
        "layer/query_key_value_kernel (8, 22), layer/query_key_value_bias (22), "
        "layer/output_kernel (10, 8), layer/output_bias (8)");
  CHECK_THROWS_WITH_AS(build("MultiHeadAttention: {num_heads: 2, key_dim: 3}", {kBatch, 8}),
                       "needs (N, T, C), not (N, 8)", ShapeError);
  CHECK_THROWS_WITH_AS(
      build("MultiHeadAttention: {num_heads: 2, key_dim: 3, rotary: true}", {kBatch, 4, 8}),
      "rotary positions need an even key_dim, not 3", ShapeError);
}

TEST_CASE("attention layers: positions") {
  const Values zero{{1, 3, 4}, std::vector<float>(12, 0.0f)};
  const std::vector<float> y = run_layer(*layer("PositionalEncoding"), {zero, {}, {}, true}).y;
  for (int t = 0; t < 3; ++t) {
    const auto at = static_cast<size_t>(4 * t);
    CHECK(y[at] == doctest::Approx(std::sin(t)));
    CHECK(y[at + 1] == doctest::Approx(std::cos(t)));
    CHECK(y[at + 2] == doctest::Approx(std::sin(t * 0.01)));
    CHECK(y[at + 3] == doctest::Approx(std::cos(t * 0.01)));
  }
  CHECK(build("PositionEmbedding", {kBatch, 3, 4}).variables == "layer/embeddings (3, 4)");
}

TEST_CASE("attention layers: the preset shows its parts") {
  const Built built = build(
      "Transformer: {layers: 1, heads: 2, width: 4, vocabulary: 7, causal: true}", {kBatch, 5});
  CHECK(built.shape == "(N, 5, 7)");
  CHECK(built.rows ==
        "layer/embedding, layer/positions, layer/block_0/attention_norm, layer/block_0/attention, "
        "layer/block_0/feedforward_norm, layer/block_0/feedforward, "
        "layer/block_0/feedforward_output, layer/norm, layer/output");
  CHECK(build("Transformer: {layers: 1, width: 8, pooling: mean, outputs: 3}", {kBatch, 5, 2})
            .shape == "(N, 3)");
  CHECK(
      build("Transformer: {layers: 1, width: 8, pooling: last, positions: rotary}", {kBatch, 5, 2})
          .shape == "(N, 8)");
  CHECK_THROWS_WITH_AS(build("Transformer", {kBatch, 5}),
                       "needs vectors (N, T, C), not (N, 5); indices need a 'vocabulary'",
                       ShapeError);
  CHECK_THROWS_WITH_AS(build("Transformer: {heads: 3, width: 8}", {kBatch, 5, 2}),
                       "needs (N, T, C), C a multiple of 3 heads, not (N, 5, 8)", ShapeError);
}

TEST_CASE("attention layers: a causal model does not see what comes later") {
  const auto model = layer(
      "Transformer: {layers: 2, heads: 2, width: 4, causal: true, positions: rotary, outputs: 3, "
      "experts: 3}");
  Values x = ramp({1, 5, 4});
  std::vector<std::vector<float>> weights;
  graph::Graph g;
  Builder b(g, false);
  const ValueId input = g.input("x", {Shape{kBatch, 5, 4}});
  b.add("layer", "", *model, std::span(&input, 1));
  for (const Variable& v : b.variables()) {
    weights.push_back(ramp({v.shape.elements()}).elements);
  }
  const std::vector<float> before = run_layer(*model, {x, weights, {}, false}).y;
  for (size_t i = 12; i < 20; ++i) x.elements[i] += 1;
  const std::vector<float> after = run_layer(*model, {x, weights, {}, false}).y;
  for (size_t i = 0; i < before.size(); ++i) CHECK((before[i] == after[i]) == (i < 9));
}

TEST_CASE("attention layers: a mixture of one expert is a feed-forward network") {
  const Built built = build("MixtureOfExperts: {experts: 2, intermediate_dim: 3}", {kBatch, 4, 5});
  CHECK(built.shape == "(N, 4, 5)");
  CHECK(built.penalties == 1);
  CHECK(
      build("MixtureOfExperts: {experts: 2, intermediate_dim: 3}", {kBatch, 5}, false).penalties ==
      0);
  const Values x = ramp({2, 3});
  const std::vector<float> hidden = {1, -1, 0.5f, 2, 0, 1};
  const std::vector<float> output = {1, 2, -1, 0.5f, 1, 1};
  const std::vector<float> ones2 = {1, 1};
  const std::vector<float> ones3 = {1, 1, 1};
  const auto mixture = layer("MixtureOfExperts: {experts: 1, intermediate_dim: 2}");
  const Results got =
      run_layer(*mixture, {x, {{0, 0, 0}, {0}, hidden, ones2, output, ones3}, {}, true});
  CHECK(got.weights[1][0] == doctest::Approx(0.01));  // expert_share: all tokens, once
  for (size_t n = 0; n < 2; ++n) {
    for (size_t k = 0; k < 3; ++k) {
      float want = 1;
      for (size_t j = 0; j < 2; ++j) {
        float h = 1;
        for (size_t c = 0; c < 3; ++c) h += x.elements[n * 3 + c] * hidden[c * 2 + j];
        want += std::max(h, 0.0f) * output[j * 3 + k];
      }
      CHECK(got.y[n * 3 + k] == doctest::Approx(want));
    }
  }
}
