#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "config/codec.h"
#include "data/open.h"

namespace mlrun::data {
namespace {

config::DatasetSpec parse(const std::string& generator) {
  config::Catalogs catalogs;
  catalogs.add(generator_catalog());
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, catalogs};
  const auto source = std::make_shared<SourceText>(SourceText{"g.yaml", generator});
  const config::Node node = config::parse_yaml(source, diagnostics);
  config::DatasetSpec spec;
  config::Codec<config::Ref<config::GeneratorKind>>::read(node, reader, "generate", spec.generate);
  diagnostics.throw_if_any();
  return spec;
}

Dataset make(const std::string& generator, bool classify, int64_t seed = 1) {
  OpenOptions options;
  options.classify = classify;
  options.seed = seed;
  return open_dataset(parse(generator), options);
}

int64_t count_class(const Dataset& d, int32_t wanted) {
  return std::count(d.classes, d.classes + d.rows, wanted);
}

}  // namespace

TEST_CASE("generators: moons without noise lie on two half circles") {
  const Dataset d = make("make_moons: {n_samples: 101}", true);
  CHECK(d.rows == 101);
  CHECK(d.width() == 2);
  CHECK(count_class(d, 0) == 50);
  CHECK(d.class_names == std::vector<std::string>{"0", "1"});
  for (int64_t r = 0; r < d.rows; ++r) {
    const bool inner = d.classes[r] == 1;
    const float x = d.feature(r, 0) - (inner ? 1.0f : 0.0f);
    const float y = d.feature(r, 1) - (inner ? 0.5f : 0.0f);
    CHECK(x * x + y * y == doctest::Approx(1));
  }
}

TEST_CASE("generators: circles have radius 1 and factor") {
  const Dataset d = make("make_circles: {n_samples: 40, factor: 0.5}", true);
  for (int64_t r = 0; r < d.rows; ++r) {
    CHECK(std::hypot(d.feature(r, 0), d.feature(r, 1)) ==
          doctest::Approx(d.classes[r] == 1 ? 0.5 : 1));
  }
}

TEST_CASE("generators: blobs have the spread asked for") {
  const Dataset d = make("make_blobs: {n_samples: 6001, centers: 3, cluster_std: 2}", true);
  CHECK(count_class(d, 0) == 2001);
  double sum = 0;
  double squares = 0;
  for (int64_t r = 0; r < d.rows; ++r) {
    if (d.classes[r] != 1) continue;
    const auto x = static_cast<double>(d.feature(r, 0));
    sum += x;
    squares += x * x;
  }
  const double mean = sum / 2000;
  CHECK(std::sqrt(squares / 2000 - mean * mean) == doctest::Approx(2).epsilon(0.05));
}

TEST_CASE("generators: classification is separable along its informative features") {
  const Dataset d = make(
      "make_classification: {n_samples: 2000, n_features: 8, n_informative: 4, n_redundant: 2, "
      "n_repeated: 1, flip_y: 0, class_sep: 5, n_clusters_per_class: 1, weights: [0.25]}",
      true);
  CHECK(d.width() == 8);
  CHECK(count_class(d, 0) == 500);
  double widest = 0;
  for (int64_t c = 0; c < d.width(); ++c) {
    double means[2] = {0, 0};
    for (int64_t r = 0; r < d.rows; ++r) {
      means[d.classes[r]] +=
          static_cast<double>(d.feature(r, c)) / (d.classes[r] == 0 ? 500 : 1500);
    }
    widest = std::max(widest, std::abs(means[0] - means[1]));
  }
  CHECK(widest > 5);
}

TEST_CASE("generators: shares of classes that sum to 1, or nearly") {
  const auto shares = [](const std::string& weights) {
    const Dataset d = make(
        "make_classification: {n_samples: 1000, n_classes: 3, flip_y: 0, "
        "n_clusters_per_class: 1, weights: " +
            weights + "}",
        true);
    CHECK(d.rows == 1000);
    return std::vector<int64_t>{count_class(d, 0), count_class(d, 1), count_class(d, 2)};
  };
  CHECK(shares("[0.2, 0.3, 0.5]") == std::vector<int64_t>{200, 300, 500});
  CHECK(shares("[0.2, 0.3]") == std::vector<int64_t>{200, 300, 500});
  CHECK(shares("[0.33, 0.33, 0.33]") == std::vector<int64_t>{334, 333, 333});
  CHECK(shares("[0.34, 0.34, 0.33]") == std::vector<int64_t>{337, 337, 326});
  CHECK(shares("[0.5, 0.505]") == std::vector<int64_t>{498, 502, 0});
}

TEST_CASE("generators: friedman1 is its formula") {
  const Dataset d = make("make_friedman1: {n_samples: 20, n_features: 6}", false);
  for (int64_t r = 0; r < d.rows; ++r) {
    const auto x = [&](int64_t c) { return static_cast<double>(d.feature(r, c)); };
    const double y = 10 * std::sin(3.14159265358979 * x(0) * x(1)) + 20 * std::pow(x(2) - 0.5, 2) +
                     10 * x(3) + 5 * x(4);
    CHECK(static_cast<double>(d.values[r]) == doctest::Approx(y).epsilon(1e-5));
  }
}

TEST_CASE("generators: communities have most edges inside") {
  const Dataset d = make("stochastic_block_model: {n_samples: 200, p_in: 0.2, p_out: 0.02}", true);
  REQUIRE(d.is_one_graph());
  int64_t inside = 0;
  for (const Edge& edge : d.graphs->edges) inside += d.classes[edge.from] == d.classes[edge.to];
  // Of 200 x 49 and 200 x 150 ordered pairs.
  CHECK(static_cast<double>(inside) == doctest::Approx(0.2 * 9800).epsilon(0.1));
  CHECK(static_cast<double>(d.graphs->edges.size()) - static_cast<double>(inside) ==
        doctest::Approx(0.02 * 30000).epsilon(0.15));
}

TEST_CASE("generators: motifs hang on trees; a house has one edge more than a ring") {
  const Dataset d = make("make_motifs: {n_samples: 20, n_nodes: 8}", true);
  CHECK(d.shape == std::vector<int64_t>{13, 1});
  REQUIRE(d.graphs->first_node.size() == 21);
  std::vector<int64_t> edges(20);
  for (const Edge& edge : d.graphs->edges) {
    const auto& first = d.graphs->first_node;
    const auto at = std::upper_bound(first.begin(), first.end(), edge.from) - first.begin() - 1;
    CHECK(edge.to < first[static_cast<size_t>(at) + 1]);
    ++edges[static_cast<size_t>(at)];
  }
  for (size_t row = 0; row < 20; ++row) {
    const int64_t nodes = d.graphs->first_node[row + 1] - d.graphs->first_node[row];
    CHECK(nodes >= 9);
    CHECK(nodes <= 13);
    CHECK(edges[row] == 2 * (nodes + d.classes[row]));
  }
}

TEST_CASE("generators: the seed decides, classes may serve as numbers") {
  const Dataset a = make("make_regression: {n_samples: 30, n_features: 3, n_targets: 2}", false, 5);
  const Dataset b = make("make_regression: {n_samples: 30, n_features: 3, n_targets: 2}", false, 5);
  const Dataset c = make("make_regression: {n_samples: 30, n_features: 3, n_targets: 2}", false, 6);
  CHECK(std::equal(a.values, a.values + 60, b.values));
  CHECK_FALSE(std::equal(a.values, a.values + 60, c.values));
  CHECK(a.sha256 == b.sha256);
  CHECK(a.sha256 != c.sha256);
  CHECK(make("make_moons", false).values != nullptr);
}

TEST_CASE("generators: what does not fit together is an error at its place") {
  CHECK_THROWS_WITH_AS(make("make_classification: {n_features: 3}", true),
                       "g.yaml:1:1: error: n_informative + n_redundant + n_repeated = 4 is more "
                       "than n_features = 3\nmake_classification: {n_features: 3}\n^",
                       InputError);
  CHECK_THROWS_WITH_AS(make("make_regression", true),
                       "g.yaml:1:1: error: the loss wants classes, but make_regression makes "
                       "numbers\nmake_regression\n^",
                       InputError);
}

}  // namespace mlrun::data
