// Layers that read neighbours: a batch of padded graphs gives what each graph gives alone.
#include <doctest/doctest.h>

#include <cmath>

#include "graph/op.h"
#include "nn/component.h"
#include "nn/run.h"

using namespace mlrun;
using namespace mlrun::nn;
using namespace mlrun::nn::testing;

namespace {

constexpr int64_t kFeatures = 3;

std::vector<float> numbers(int64_t count, float phase = 1) {
  std::vector<float> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(std::sin(3 * static_cast<float>(i) + phase));
  return all;
}

// Graphs of four, two and one nodes.
const std::vector<std::vector<ops::Arc>> kArcs = {
    {{0, 1}, {1, 0}, {1, 2, 0.5f}, {3, 2}, {2, 3, 2}}, {{0, 1}}, {}};
const std::vector<int64_t> kSizes = {4, 2, 1};

ops::AdjacencyPtr all_graphs() {
  std::vector<int64_t> first = {0};
  std::vector<ops::Arc> arcs;
  for (size_t g = 0; g < kSizes.size(); ++g) {
    const auto at = static_cast<int32_t>(first.back());
    for (const ops::Arc& arc : kArcs[g]) arcs.push_back({arc.from + at, arc.to + at, arc.weight});
    first.push_back(at + kSizes[g]);
  }
  return std::make_shared<ops::Adjacency>(ops::make_adjacency(std::move(first), arcs));
}

std::vector<float> features(size_t graph) {
  return numbers(kSizes[graph] * kFeatures, static_cast<float>(graph));
}

std::vector<float> start_of(const Variable& variable) {
  std::vector<float> values(static_cast<size_t>(variable.shape.elements()));
  variable.initializer.as<Initializer>().fill(values, variable.shape,
                                              PhiloxStream(0, Purpose::kInitialise), 0);
  return values;
}

struct WeightSizes {
  std::string yaml;
  std::vector<int64_t> sizes;  ///< of the weights, in their order
};

std::vector<std::vector<float>> weights_of(const WeightSizes& layer) {
  std::vector<std::vector<float>> weights;
  for (const int64_t size : layer.sizes) {
    weights.push_back(numbers(size, static_cast<float>(weights.size())));
  }
  return weights;
}

Results run_alone(const WeightSizes& c, size_t graph, const std::vector<float>& dy) {
  return run_layer(*layer(c.yaml), {.x = {{kSizes[graph], kFeatures}, features(graph)},
                                    .weights = weights_of(c),
                                    .dy = dy,
                                    .adjacency = std::make_shared<ops::Adjacency>(
                                        ops::make_adjacency({0, kSizes[graph]}, kArcs[graph]))});
}

// Each of `graphs` padded to four nodes. What stands in the padding must not matter.
Values padded(const std::vector<int32_t>& graphs, float padding) {
  Values x{{static_cast<int64_t>(graphs.size()), kSizes[0], kFeatures}, {}};
  for (const int32_t graph : graphs) {
    const std::vector<float> own = features(static_cast<size_t>(graph));
    x.elements.insert(x.elements.end(), own.begin(), own.end());
    const auto filled = static_cast<size_t>(kSizes[0] * kFeatures) - own.size();
    x.elements.insert(x.elements.end(), filled, padding);
  }
  return x;
}

Results run_batch(const Layer& layer, const std::vector<int32_t>& graphs,
                  const std::vector<std::vector<float>>& weights, const std::vector<float>& dy,
                  float padding = 7) {
  return run_layer(layer, {.x = padded(graphs, padding),
                           .weights = weights,
                           .dy = dy,
                           .adjacency = all_graphs(),
                           .graphs = graphs});
}

void check_close(const std::vector<float>& got, size_t first, const std::vector<float>& want) {
  REQUIRE(got.size() >= first + want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    CHECK(got[first + i] == doctest::Approx(want[i]).epsilon(1e-5));
  }
}

struct Stack : Layer {
  explicit Stack(std::vector<std::string> parts) : yaml(std::move(parts)) {}

  ValueId build(Builder& b, ValueId x) const override {
    for (size_t i = 0; i < yaml.size(); ++i) {
      x = b.add(std::to_string(i), "", *layer(yaml[i]), std::span(&x, 1));
    }
    return x;
  }
  std::vector<std::string> yaml;
};

}  // namespace

TEST_CASE("graph layers: of many graphs, each as if it were alone") {
  const std::vector<int32_t> graphs = {2, 0, 1, 0};
  for (const WeightSizes& c :
       std::vector<WeightSizes>{{"GCNConv: {units: 2, activation: tanh}", {6, 2}},
                                {"GATConv: {units: 2, heads: 2, activation: elu}", {12, 4, 4, 4}},
                                {"SAGEConv: {units: 2}", {6, 6, 2}},
                                {"SAGEConv: {units: 2, aggregator: max}", {6, 6, 2}},
                                {"GINConv: {units: 2, mlp_batchnorm: false}", {6, 2, 4, 2}}}) {
    INFO(c.yaml);
    const int64_t width = run_alone(c, 0, {}).shape.back();
    const int64_t padded_rows = kSizes[0] * width;
    const std::vector<float> dy = numbers(4 * padded_rows);
    const Results batch = run_batch(*layer(c.yaml), graphs, weights_of(c), dy);
    for (size_t n = 0; n < graphs.size(); ++n) {
      const auto graph = static_cast<size_t>(graphs[n]);
      const auto first = static_cast<int64_t>(n) * padded_rows;
      const Results alone =
          run_alone(c, graph, {dy.begin() + first, dy.begin() + first + kSizes[graph] * width});
      check_close(batch.y, static_cast<size_t>(first), alone.y);
      check_close(batch.dx, n * static_cast<size_t>(kSizes[0] * kFeatures), alone.dx);
    }
  }
}

TEST_CASE("graph layers: the global pooling counts the nodes of each graph") {
  const auto pooled = [](const char* pooling) {
    return run_batch(*layer(pooling), {1, 2}, {}, {}).y;
  };
  const std::vector<float> two = features(1);
  const std::vector<float> one = features(2);
  for (size_t c = 0; c < 3; ++c) {
    CHECK(pooled("GlobalSumPool")[c] == doctest::Approx(two[c] + two[3 + c]));
    CHECK(pooled("GlobalAvgPool")[c] == doctest::Approx((two[c] + two[3 + c]) / 2));
    CHECK(pooled("GlobalMaxPool")[c] == doctest::Approx(std::max(two[c], two[3 + c])));
    for (const char* pooling : {"GlobalSumPool", "GlobalAvgPool", "GlobalMaxPool"}) {
      CHECK(pooled(pooling)[3 + c] == doctest::Approx(one[c]));
    }
  }
}

// The largest graph has no padding: together with it, batch normalisation is that of all nodes.
TEST_CASE("graph layers: batch normalisation leaves the padding out") {
  const std::vector<std::vector<float>> weights = {{1, 2, -1}, {0.5f, 0, 1}};
  std::vector<float> nodes = features(0);
  const std::vector<float> few = features(1);
  nodes.insert(nodes.end(), few.begin(), few.end());
  std::vector<float> dy = numbers(18);
  const Results plain = run_layer(*layer("BatchNormalization"),
                                  {.x = {{6, kFeatures}, nodes}, .weights = weights, .dy = dy});
  dy.resize(24);
  const Results batch = run_batch(*layer("BatchNormalization"), {0, 1}, weights, dy);
  check_close(batch.y, 0, plain.y);
  for (size_t i = 0; i < plain.dx.size(); ++i) {
    CHECK(batch.dx[i] == doctest::Approx(plain.dx[i]).epsilon(1e-3));
  }
  for (size_t w = 0; w < 4; ++w) check_close(batch.weights[w], 0, plain.weights[w]);
}

TEST_CASE("graph layers: what stands in the padding does not matter") {
  const Stack network({"GINConv: {units: 2}", "BatchNormalization", "Activation: relu",
                       "GINConv: {units: 2}", "GlobalSumPool"});
  const std::vector<std::vector<float>> weights = {
      numbers(6), numbers(2), {1, 1}, {0, 0}, {0, 0}, {1, 1},     numbers(4),
      numbers(2), {1, 1},     {0, 0}, {0, 0}, {1, 1}, numbers(4), numbers(2)};
  const Results one = run_batch(network, {1, 0, 2}, weights, {1, 2, 3, 4, 5, 6}, 7);
  const Results other = run_batch(network, {1, 0, 2}, weights, {1, 2, 3, 4, 5, 6}, -100);
  CHECK(one.y == other.y);
  CHECK(one.dweights == other.dweights);
}

TEST_CASE("graph layers: dropout of attention is of the training only") {
  const WeightSizes c{"GATConv: {units: 2, heads: 2, dropout: 0.5}", {12, 4, 4, 4}};
  const WeightSizes without{"GATConv: {units: 2, heads: 2}", {12, 4, 4, 4}};
  LayerInputs inputs{
      .x = {{4, kFeatures}, features(0)},
      .weights = weights_of(c),
      .dy = {},
      .training = false,
      .adjacency = std::make_shared<ops::Adjacency>(ops::make_adjacency({0, 4}, kArcs[0]))};
  CHECK(run_layer(*layer(c.yaml), inputs).y == run_alone(without, 0, {}).y);
  CHECK(run_alone(c, 0, {}).y != run_alone(without, 0, {}).y);
}

TEST_CASE("graph layers: GINConv learns epsilon itself, from where it is set") {
  WeightSizes fixed{"GINConv: {units: 2, mlp_hidden: [], epsilon: 0.25}", {6, 2}};
  WeightSizes learned{"GINConv: {units: 2, mlp_hidden: [], epsilon: 3, train_epsilon: true}", {}};
  LayerInputs inputs{
      .x = {{4, kFeatures}, features(0)},
      .weights = weights_of(fixed),
      .dy = {},
      .adjacency = std::make_shared<ops::Adjacency>(ops::make_adjacency({0, 4}, kArcs[0]))};
  const Results want = run_layer(*layer(fixed.yaml), inputs);
  inputs.weights.insert(inputs.weights.begin(), {0.25f});
  check_close(run_layer(*layer(learned.yaml), inputs).y, 0, want.y);
  graph::Graph g;
  Builder b(g, true);
  b.set_nodes({inputs.adjacency, graph::kNoValue, graph::kNoValue});
  const ValueId x = g.input("x", {Shape{4, kFeatures}});
  b.add("gin", "GINConv", *layer(learned.yaml), std::span(&x, 1));
  CHECK(b.variables()[0].name == "gin/epsilon");
  CHECK(start_of(b.variables()[0]) == std::vector<float>{3});
}

TEST_CASE("graph layers: what does not fit") {
  const auto attempt = [](const char* yaml, const LayerInputs& inputs) {
    run_layer(*layer(yaml), inputs);
  };
  CHECK_THROWS_WITH_AS(attempt("GCNConv: 2", {.x = {{2, 3}, numbers(6)}, .weights = {}, .dy = {}}),
                       "needs nodes and edges: set dataset.graph, or read graphs (format: tu)",
                       graph::ShapeError);
  CHECK_THROWS_WITH_AS(
      attempt("GlobalSumPool", {.x = {{2, 3}, numbers(6)}, .weights = {}, .dy = {}}),
      "needs (N, T, C), not (N, 3)", graph::ShapeError);
  CHECK_THROWS_WITH_AS(run_batch(*layer("LinkEmbedding"), {0}, {}, {}),
                       "needs rows that are links: set dataset.graph.predict", graph::ShapeError);
}
