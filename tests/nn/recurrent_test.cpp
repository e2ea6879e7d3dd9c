// Recurrent layers and the masks that reach them. Their arithmetic:
// tests/ops/recurrent/recurrent_test.cpp.
#include <doctest/doctest.h>

#include "nn/component.h"
#include "nn/layers/bidirectional.h"
#include "nn/run.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;
using graph::ShapeError;

namespace {

struct BuiltLayers {
  std::string shape;
  std::vector<Variable> variables;
  bool masked = false;
};

// The layers one behind the other.
BuiltLayers build_layers(const std::vector<std::string>& yaml, const Shape& x) {
  graph::Graph g;
  Builder b(g, true);
  ValueId y = g.input("x", {x});
  for (const std::string& one : yaml) y = b.add("layer", "", *layer(one), std::span(&y, 1));
  return {g.shape(y).to_string(), b.variables(), b.mask(y) != graph::kNoValue};
}

std::string names(const BuiltLayers& built) {
  std::string text;
  for (const Variable& v : built.variables) text += v.name + " " + v.shape.to_string() + "\n";
  return text;
}

}  // namespace

TEST_CASE("recurrent layers: shapes and weights are those of Keras") {
  CHECK(build_layers({"LSTM: 5"}, {kBatch, 7, 3}).shape == "(N, 5)");
  CHECK(build_layers({"LSTM: {units: 5, return_sequences: true}"}, {kBatch, 7, 3}).shape ==
        "(N, 7, 5)");
  CHECK(names(build_layers({"LSTM: 5"}, {kBatch, 7, 3})) ==
        "layer/kernel (3, 20)\nlayer/recurrent_kernel (5, 20)\nlayer/bias (20)\n");
  CHECK(names(build_layers({"GRU: 5"}, {kBatch, 7, 3})) ==
        "layer/kernel (3, 15)\nlayer/recurrent_kernel (5, 15)\nlayer/bias (2, 15)\n");
  CHECK(names(build_layers({"GRU: {units: 5, reset_after: false}"}, {kBatch, 7, 3})) ==
        "layer/kernel (3, 15)\nlayer/recurrent_kernel (5, 15)\nlayer/bias (15)\n");
  CHECK(names(build_layers({"GRU: {units: 5, use_bias: false}"}, {kBatch, 7, 3})) ==
        "layer/kernel (3, 15)\nlayer/recurrent_kernel (5, 15)\n");
  CHECK(names(build_layers({"SimpleRNN: 5"}, {kBatch, 7, 3})) ==
        "layer/kernel (3, 5)\nlayer/recurrent_kernel (5, 5)\nlayer/bias (5)\n");
  CHECK_THROWS_WITH_AS(build_layers({"LSTM: 5"}, {kBatch, 7}),
                       "needs (N, T, C), not (N, 7); a recurrent layer gives all steps with "
                       "return_sequences: true",
                       ShapeError);
}

TEST_CASE("recurrent layers: the forget gate starts open") {
  const auto bias = [](const std::string& yaml) {
    const Variable v = build_layers({yaml}, {kBatch, 7, 3}).variables[2];
    std::vector<float> values(8, -1.0f);
    v.initializer.as<Initializer>().fill(values, v.shape, {1, Purpose::kInitialise}, 2);
    return values;
  };
  CHECK(bias("LSTM: 2") == std::vector<float>{0, 0, 1, 1, 0, 0, 0, 0});
  CHECK(bias("LSTM: {units: 2, unit_forget_bias: false}") == std::vector<float>(8, 0.0f));
}

TEST_CASE("recurrent layers: Bidirectional joins both directions") {
  const std::string inner = "{layer: {GRU: {units: 4, return_sequences: true}}";
  CHECK(build_layers({"Bidirectional: " + inner + "}"}, {kBatch, 6, 3}).shape == "(N, 6, 8)");
  CHECK(build_layers({"Bidirectional: " + inner + ", merge_mode: sum}"}, {kBatch, 6, 3}).shape ==
        "(N, 6, 4)");
  CHECK(build_layers({"Bidirectional: {layer: {LSTM: 4}}"}, {kBatch, 6, 3}).shape == "(N, 8)");
  CHECK(build_layers({"Bidirectional: {layer: {LSTM: 4}}"}, {kBatch, 6, 3}).variables[3].name ==
        "layer/backward_lstm/kernel");
  CHECK_THROWS_WITH_AS(build_layers({"Bidirectional: {layer: {Dense: 4}}"}, {kBatch, 6, 3}),
                       "its layer must be SimpleRNN, LSTM or GRU", ShapeError);
}

TEST_CASE("recurrent layers: masks go with the steps") {
  const std::string embedding = "Embedding: {input_dim: 9, output_dim: 3, mask_zero: true}";
  CHECK(build_layers({embedding}, {kBatch, 6}).masked);
  CHECK(build_layers({embedding, "Dense: 4", "Dropout: 0.1"}, {kBatch, 6}).masked);
  CHECK(build_layers({embedding, "LSTM: {units: 4, return_sequences: true}"}, {kBatch, 6}).masked);
  CHECK_FALSE(build_layers({embedding, "LSTM: 4"}, {kBatch, 6}).masked);
  CHECK_FALSE(build_layers({embedding, "Flatten"}, {kBatch, 6}).masked);
  CHECK_FALSE(build_layers({"Embedding: {input_dim: 9, output_dim: 3}"}, {kBatch, 6}).masked);
}

TEST_CASE("recurrent layers: padding behind Masking changes nothing") {
  const auto run = [](int64_t steps) {
    Values x{{2, steps, 2}, {}};
    for (int64_t n = 0; n < 2; ++n) {
      for (int64_t t = 0; t < steps; ++t) {
        for (int64_t c = 0; c < 2; ++c) {
          x.elements.push_back(t < 3 ? 0.3f * static_cast<float>(n + 1) - 0.4f * t + c : -9.0f);
        }
      }
    }
    struct Both : Layer {
      std::shared_ptr<const Layer> masking = layer("Masking: -9");
      std::shared_ptr<const Layer> lstm = layer("LSTM: 3");
      ValueId build(Builder& b, ValueId in) const override {
        const ValueId y = b.add("masking", "Masking", *masking, std::span(&in, 1));
        return b.add("lstm", "LSTM", *lstm, std::span(&y, 1));
      }
    };
    std::vector<std::vector<float>> weights;
    for (const size_t size : {size_t{24}, size_t{36}, size_t{12}}) {
      weights.push_back(ops::testing::draw({{}, -1, 1}, static_cast<int64_t>(size), size));
      weights.back().resize(size);
    }
    return run_layer(Both(), {x, weights, {}, true}).y;
  };
  const std::vector<float> bare = run(3);
  const std::vector<double> want(bare.begin(), bare.end());
  CHECK(ops::testing::distance(run(7), want, 1.0) < 1e-6);
}

TEST_CASE("layers: RepeatVector and Masking") {
  CHECK(run_layer(*layer("RepeatVector: 2"), {{{1, 2}, {5, 6}}, {}, {}, true}).y ==
        std::vector<float>{5, 6, 5, 6});
  CHECK(run_layer(*layer("Masking"), {{{1, 2, 2}, {5, 0, 0, 0}}, {}, {}, true}).y ==
        std::vector<float>{5, 0, 0, 0});
  CHECK_THROWS_WITH_AS(build_layers({"RepeatVector: 2"}, {kBatch, 6, 3}),
                       "needs (N, C), not (N, 6, 3)", ShapeError);
  CHECK_THROWS_WITH_AS(build_layers({"Masking"}, {kBatch, 6}), "needs (N, T, C), not (N, 6)",
                       ShapeError);
}
