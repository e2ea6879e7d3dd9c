#include <doctest/doctest.h>

#include <cmath>

#include "nn/component.h"
#include "nn/run.h"
#include "ops/harness.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;
using graph::ShapeError;

namespace {

struct BuiltLayer {
  std::string shape;
  std::string variables;  ///< "layer/kernel (3, 2), ..."; a * marks what is not trained
  size_t penalties = 0;
};

BuiltLayer build_layer(const std::string& yaml, const Shape& x, bool training = true) {
  graph::Graph g;
  Builder b(g, training);
  const ValueId input = g.input("x", {x});
  const ValueId y = b.add("layer", "", *layer(yaml), std::span(&input, 1));
  BuiltLayer built{g.shape(y).to_string(), "", b.penalties().size()};
  for (const Variable& v : b.variables()) {
    built.variables += (built.variables.empty() ? "" : ", ") + v.name + (v.trainable ? " " : "* ") +
                       v.shape.to_string();
  }
  return built;
}

// Of a layer that reads three features.
std::vector<float> start_of_gamma(const std::string& yaml) {
  graph::Graph g;
  Builder b(g, true);
  const ValueId x = g.input("x", {Shape{kBatch, 3}});
  b.add("rbf", "RBF", *layer(yaml), std::span(&x, 1));
  const Variable& gamma = b.variables()[1];
  std::vector<float> values(static_cast<size_t>(gamma.shape.elements()));
  gamma.initializer.as<Initializer>().fill(values, gamma.shape,
                                           PhiloxStream(0, Purpose::kInitialise), 1);
  return values;
}

void check_close(const std::vector<float>& got, const std::vector<double>& want) {
  REQUIRE(got.size() == want.size());
  CHECK(ops::testing::distance(got, want, 1.0) < 1e-5);
}

}  // namespace

TEST_CASE("layers: Dense") {
  const BuiltLayer plain = build_layer("Dense: 5", {kBatch, 3});
  CHECK(plain.shape == "(N, 5)");
  CHECK(plain.variables == "layer/kernel (3, 5), layer/bias (5)");
  CHECK(build_layer("Dense: {units: 5, use_bias: false}", {kBatch, 2, 3}).shape == "(N, 2, 5)");
  CHECK(build_layer("Dense: {units: 5, use_bias: false}", {kBatch, 3}).variables ==
        "layer/kernel (3, 5)");
  CHECK_THROWS_WITH_AS(build_layer("Dense: 5", {kBatch}), "needs (N, ..., C), not (N)", ShapeError);
}

TEST_CASE("layers: RBF") {
  CHECK(build_layer("RBF: 5", {kBatch, 3}).variables ==
        "layer/centers (5, 3), layer/log_scaled_gamma (5)");
  CHECK(build_layer("RBF: 5", {kBatch, 2, 3}).shape == "(N, 2, 5)");
  CHECK_THROWS_WITH_AS(build_layer("RBF: 5", {kBatch}), "needs (N, ..., C), not (N)", ShapeError);
  // At a centre, and at a distance of 5.
  const float scaled = std::log(0.1f * 2);
  const std::vector<std::vector<float>> weights = {{1, 2, 4, 6}, {scaled, scaled}};
  for (const char* spec : {"RBF: 2", "RBF: {units: 2, gamma: 7}"}) {  // what is learned counts
    check_close(run_layer(*layer(spec), {{{1, 2}, {1, 2}}, weights, {}}).y, {1, std::exp(-2.5)});
  }
  CHECK(start_of_gamma("RBF: 2") == std::vector<float>{0, 0});
  CHECK(start_of_gamma("RBF: {units: 1, gamma: 0.5}")[0] == doctest::Approx(std::log(1.5)));
}

TEST_CASE("layers: what is not trainable has no trained weight, nor have its parts") {
  CHECK(build_layer("Dense: {units: 2, trainable: false}", {kBatch, 3}).variables ==
        "layer/kernel* (3, 2), layer/bias* (2)");
  CHECK(build_layer("Dense: {units: 2, trainable: false, kernel_regularizer: L2}", {kBatch, 3})
            .penalties == 0);
  const std::string both =
      "layer/forward_simplernn/kernel* (3, 1), layer/forward_simplernn/recurrent_kernel* (1, 1), "
      "layer/backward_simplernn/kernel* (3, 1), layer/backward_simplernn/recurrent_kernel* (1, 1)";
  const std::string inner = "{SimpleRNN: {units: 1, use_bias: false";
  CHECK(build_layer("Bidirectional: {trainable: false, layer: " + inner + "}}}", {kBatch, 4, 3})
            .variables == both);
  CHECK(build_layer("Bidirectional: {layer: " + inner + ", trainable: false}}}", {kBatch, 4, 3})
            .variables == both);
  // As it was learned, whatever the batch.
  const Results frozen = run_layer(*layer("BatchNormalization: {trainable: false, epsilon: 0.01}"),
                                   {{{2, 1}, {1, 3}}, {{1}, {0}, {8}, {1}}, {}, true});
  check_close(frozen.y, {-7 / std::sqrt(1.01), -5 / std::sqrt(1.01)});
  check_close(frozen.weights[2], {8});
}

TEST_CASE("layers: Capsule and Length") {
  const BuiltLayer capsules =
      build_layer("Capsule: {num_capsule: 3, dim_capsule: 4}", {kBatch, 5, 2});
  CHECK(capsules.shape == "(N, 3, 4)");
  CHECK(capsules.variables == "layer/kernel (5, 2, 12)");
  CHECK_THROWS_WITH_AS(build_layer("Capsule: {num_capsule: 3, dim_capsule: 4}", {kBatch, 5}),
                       "needs capsules (N, I, D), not (N, 5); add a Reshape layer", ShapeError);
  CHECK(build_layer("Length", {kBatch, 3, 4}).shape == "(N, 3)");
  CHECK_THROWS_WITH_AS(build_layer("Length", {kBatch, 3}), "needs vectors (N, ..., E), not (N, 3)",
                       ShapeError);
  check_close(run_layer(*layer("Length"), {{{1, 2, 2}, {3, 4, 0, 0}}, {}, {}}).y, {5, 0});
  check_close(run_layer(*layer("Activation: squash"), {{{1, 2, 2}, {3, 4, 0, 0}}, {}, {}}).y,
              {3 * 5 / 26.0, 4 * 5 / 26.0, 0, 0});
}

TEST_CASE("layers: penalties count in training only") {
  const std::string yaml = "Dense: {units: 2, kernel_regularizer: {L2: 0.1}, bias_regularizer: L1}";
  CHECK(build_layer(yaml, {kBatch, 3}).penalties == 2);
  CHECK(build_layer(yaml, {kBatch, 3}, false).penalties == 0);
}

TEST_CASE("layers: Flatten and Reshape") {
  CHECK(build_layer("Flatten", {kBatch, 2, 3}).shape == "(N, 6)");
  CHECK(build_layer("Flatten", {kBatch}).shape == "(N, 1)");
  CHECK(build_layer("Reshape: {target_shape: [3, -1]}", {kBatch, 12}).shape == "(N, 3, 4)");
  CHECK(build_layer("Reshape: {target_shape: 6}", {kBatch, 2, 3}).shape == "(N, 6)");
  CHECK_THROWS_WITH_AS(build_layer("Reshape: {target_shape: [5, -1]}", {kBatch, 12}),
                       "cannot reshape (N, 12) to (N, 5, 2)", ShapeError);
  CHECK_THROWS_WITH_AS(build_layer("Reshape: {target_shape: [5]}", {kBatch, 12}),
                       "cannot reshape (N, 12) to (N, 5)", ShapeError);
  CHECK_THROWS_WITH_AS(build_layer("Reshape: {target_shape: [-1, -1]}", {kBatch, 12}),
                       "only one dimension of target_shape may be -1", ShapeError);
}

TEST_CASE("layers: Activation and Dropout keep the shape") {
  CHECK(build_layer("Activation: relu", {kBatch, 3}).shape == "(N, 3)");
  CHECK(build_layer("Dropout: 0.5", {kBatch, 2, 3}).shape == "(N, 2, 3)");
  const Values x{{2, 3}, {1, 2, 3, 4, 5, 6}};
  CHECK(run_layer(*layer("Dropout: 0.5"), {x, {}, {}, false}).y == x.elements);
  CHECK(run_layer(*layer("Dropout: 0"), {x, {}, {}, true}).y == x.elements);
  for (size_t i = 0; i < 6; ++i) {
    const float y = run_layer(*layer("Dropout: 0.5"), {x, {}, {}, true}).y[i];
    CHECK((y == 0 || y == 2 * x.elements[i]));
  }
}

TEST_CASE("layers: Embedding") {
  CHECK(build_layer("Embedding: {input_dim: 7, output_dim: 3}", {kBatch, 4}).shape == "(N, 4, 3)");
  CHECK(build_layer("Embedding: {input_dim: 7, output_dim: 3}", {kBatch, 4}).variables ==
        "layer/embeddings (7, 3)");
}

TEST_CASE("layers: BatchNormalization moves its moments in training and uses them after") {
  const std::string yaml = "BatchNormalization: {momentum: 0.75, epsilon: 0.01}";
  const BuiltLayer built = build_layer(yaml, {kBatch, 2});
  CHECK(built.shape == "(N, 2)");
  CHECK(built.variables ==
        "layer/gamma (2), layer/beta (2), layer/moving_mean* (2), layer/moving_variance* (2)");
  CHECK(build_layer("BatchNormalization: {center: false, scale: false}", {kBatch, 2}).variables ==
        "layer/gamma* (2), layer/beta* (2), layer/moving_mean* (2), layer/moving_variance* (2)");
  const LayerInputs inputs{
      {{2, 2}, {1, 10, 3, 30}}, {{1, 2}, {0.5f, 0}, {8, 40}, {1, 4}}, {}, true};
  const Results trained = run_layer(*layer(yaml), inputs);
  check_close(trained.weights[2], {6.5, 35});
  check_close(trained.weights[3], {1, 28});
  LayerInputs later = inputs;
  later.training = false;
  const Results inferred = run_layer(*layer(yaml), later);
  check_close(inferred.weights[2], {8, 40});
  check_close(inferred.y, {-7 / std::sqrt(1.01) + 0.5, -60 / std::sqrt(4.01),
                           -5 / std::sqrt(1.01) + 0.5, -20 / std::sqrt(4.01)});
  CHECK_THROWS_WITH_AS(build_layer(yaml, {kBatch}), "cannot normalise (N) with (N) scales",
                       ShapeError);
}

TEST_CASE("layers: LayerNormalization") {
  CHECK(build_layer("LayerNormalization", {kBatch, 2, 3}).variables ==
        "layer/gamma (3), layer/beta (3)");
  const Results results = run_layer(*layer("LayerNormalization: {epsilon: 0.5}"),
                                    {{{1, 2}, {1, 4}}, {{1, 2}, {0, 3}}, {}, true});
  const double s = std::sqrt(1.5 * 1.5 + 0.5);
  check_close(results.y, {-1.5 / s, 3 / s + 3});
}

TEST_CASE("layers: GroupNormalization") {
  CHECK(build_layer("GroupNormalization: 3", {kBatch, 2, 6}).variables ==
        "layer/gamma (6), layer/beta (6)");
  CHECK(
      build_layer("GroupNormalization: {groups: -1, scale: false}", {kBatch, 4, 4, 6}).variables ==
      "layer/beta (6)");
  CHECK_THROWS_WITH_AS(build_layer("GroupNormalization", {kBatch, 4, 4, 48}),
                       "48 channels cannot be cut into 32 groups", ShapeError);
  CHECK_THROWS_WITH_AS(run_layer(*layer("GroupNormalization: 1"),
                                 {{{1, 2, 1}, {1, 4}}, {}, {}, true, {}, Values{{1, 2}, {1, 0}}}),
                       "would take the padding into its means; LayerNormalization has one for each "
                       "step",
                       ShapeError);
}

TEST_CASE("layers: regularizers") {
  for (const auto& [yaml, want] : {std::pair{"L1: 0.5", 3.0}, std::pair{"L2: 0.5", 7.0},
                                   std::pair{"l1_l2: {l1: 0.5, l2: 1}", 17.0}}) {
    graph::Graph g;
    const auto regularizer = component<Regularizer>(regularizer_catalog(), yaml);
    const ValueId w = g.variable("w", {Shape{3}});
    const ValueId penalty = regularizer->penalty(g, w);
    CHECK(g.shape(penalty).rank() == 0);
    CHECK(run_graph(g, w, {1, -2, 3}, penalty)[0] == doctest::Approx(want));
  }
}

TEST_CASE("layers: Multiply by a number for each channel, and for each place") {
  const Values images{{2, 1, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}};
  const std::vector<float> dy = {1, 1, 1, 1, 1, 1, 1, 2};
  const Results channels =
      run_layer(*layer("Multiply"), {images, {}, dy, true, Values{{2, 2}, {1, 10, 2, 20}}});
  CHECK(channels.y == std::vector<float>{1, 20, 3, 40, 10, 120, 14, 160});
  CHECK(channels.dx == std::vector<float>{1, 10, 1, 10, 2, 20, 2, 40});
  CHECK(channels.dother == std::vector<float>{4, 6, 12, 22});
  const Results places =
      run_layer(*layer("Multiply"), {images, {}, dy, true, Values{{2, 1, 2, 1}, {1, 10, 2, 20}}});
  CHECK(places.y == std::vector<float>{1, 2, 30, 40, 10, 12, 140, 160});
  CHECK(places.dother == std::vector<float>{3, 7, 11, 23});
}
