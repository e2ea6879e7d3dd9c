// The verbs on graphs: folds, jobs, predictions.
#include <doctest/doctest.h>

#include "workspace.h"

using mlrun::test::Answer;
using mlrun::test::holds;
using mlrun::test::Workspace;

namespace {

constexpr const char* kNodes = R"(
name: nodes
dataset: {generate: {stochastic_block_model: {n_samples: 40, n_classes: 2}}, split: {test: 0.25}}
model:
  - GCNConv: {units: 4, activation: relu, name: hidden}
  - GCNConv: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2, metrics: [accuracy]}
cv: {n_splits: 3, stratify: true, shuffle: true}
param_grid: {model.0.units: [2, 4]}
)";

constexpr const char* kGraphs = R"(
name: graphs
dataset: {generate: {make_motifs: {n_samples: 20, n_nodes: 4}}}
model:
  - GINConv: {units: 4, activation: relu}
  - GlobalSumPool
  - Dense: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2, metrics: [accuracy]}
cv: {n_splits: 3, stratify: true, shuffle: true}
param_grid: {model.0.units: [2, 4]}
)";

}  // namespace

TEST_CASE("cli: folds of nodes and of graphs give the same with any number of jobs") {
  const Workspace work;
  work.write("nodes.yaml", kNodes);
  work.write("graphs.yaml", kGraphs);
  for (const std::string name : {"nodes", "graphs"}) {
    const auto search = [&](const std::string& jobs) {
      return work.run("mlrun gridsearch " + name + ".yaml -q --format csv -j" + jobs + " -o " +
                      name + jobs);
    };
    const Answer one = search("1");
    CHECK_MESSAGE(one.code == 0, one.err);
    CHECK(holds(one.out, "mean_test_accuracy"));
    CHECK(search("2").out == one.out);
  }
}

TEST_CASE("cli: predictions of every node, and of a layer at the nodes") {
  const Workspace work;
  work.write("nodes.yaml", kNodes);
  CHECK(work.run("mlrun gridsearch nodes.yaml 'param_grid={model.0.units: [4]}'").code == 0);
  CHECK(work.run("mlrun predict nodes.yaml").out ==
        "score (40, 1) in results/nodes/predictions.h5\n");
  CHECK(work.run("mlrun predict nodes.yaml --layer hidden").out ==
        "hidden (40, 4) in results/nodes/layer-hidden.h5\n");
  CHECK(holds(work.run("mlrun check nodes.yaml").out, "FLOPs per step: "));
}
