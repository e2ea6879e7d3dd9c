// Experiments on graphs from the file to the scores, in their small and fast forms.
#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "data/split.h"
#include "train/device_check.h"
#include "train/experiment_file.h"
#include "train/fitting_rows.h"
#include "train/structure.h"

using namespace mlrun;
using test::changed;
using test::input_of;
using test::prepare;

namespace {

constexpr const char* kNodes = R"(
name: communities
seed: 5
dataset:
  generate: {stochastic_block_model: {n_samples: 120, n_classes: 3, n_features: 6, p_in: 0.2, p_out: 0.01}}
  split: {test: 0.5, stratify: true}
model:
  - GCNConv: {units: 8, activation: relu}
  - Dropout: 0.2
  - GCNConv: 3
train:
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  optimizer: {Adam: {learning_rate: 0.02}}
  batch_size: 60
  epochs: 40
  metrics: [accuracy]
)";

constexpr const char* kGraphs = R"(
name: motifs
seed: 5
dataset:
  generate: {make_motifs: {n_samples: 80, n_nodes: 6}}
  split: {test: 0.25, stratify: true}
model:
  - GINConv: {units: 8, activation: relu, mlp_batchnorm: false}
  - GINConv: {units: 8, activation: relu, mlp_batchnorm: false}
  - GlobalSumPool
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.01}}
  batch_size: 16
  epochs: 20
  metrics: [accuracy]
)";

constexpr const char* kLinks = R"(
name: links
seed: 5
dataset:
  generate: {stochastic_block_model: {n_samples: 60, n_classes: 2, p_in: 0.3, p_out: 0.005, noise: 0.5}}
  graph: {predict: links}
  split: {test: 0.2, stratify: true}
model:
  - GCNConv: {units: 8, activation: relu}
  - GCNConv: 8
  - LinkEmbedding: ip
  - Activation: sigmoid
train:
  loss: binary_crossentropy
  optimizer: {Adam: {learning_rate: 0.02}}
  batch_size: 1000
  epochs: 30
  metrics: [auc]
)";

// The score of the test rows is at least this, the same with any number of threads.
void check_learns(const std::string& yaml, double least) {
  INFO(yaml);
  const ScratchFolder folder;
  const trials::Search search = prepare(folder, yaml);
  const train::FitResult result = fit(input_of(search));
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(result.test[1] >= least);
  const train::FitResult more_threads = fit(input_of(search, 3));
  CHECK(more_threads.test == result.test);
  CHECK(more_threads.predictions == result.predictions);
  CHECK(more_threads.model.weights == result.model.weights);
  test::check_on_device(input_of(search), result);
}

}  // namespace

TEST_CASE("graphs: the classes of nodes") {
  check_learns(kNodes, 0.9);
  check_learns(changed(kNodes, "GCNConv: {units: 8, activation: relu}",
                       "GATConv: {units: 4, heads: 2, dropout: 0.2, activation: elu}"),
               0.9);
  check_learns(changed(kNodes, "GCNConv: {units: 8, activation: relu}",
                       "SAGEConv: {units: 8, aggregator: max, activation: relu}"),
               0.8);
}

TEST_CASE("graphs: nodes in batches, each of which sees the whole graph") {
  check_learns(changed(kNodes, "batch_size: 60", "batch_size: 25"), 0.9);
}

TEST_CASE("graphs: the classes of whole graphs") { check_learns(kGraphs, 0.8); }

TEST_CASE("graphs: links between nodes") { check_learns(kLinks, 0.75); }

TEST_CASE("graphs: an interrupted training goes on to the same result") {
  for (const char* yaml : {kNodes, kGraphs}) {
    const ScratchFolder folder;
    const trials::Search search = prepare(
        folder,
        changed(yaml, "epochs: ", "checkpoint_every: 2\n  validation_split: 0.2\n  epochs: "));
    train::FitInput input = input_of(search);
    const train::FitResult whole = fit(input);
    input.checkpoint = folder / "stopped.h5";
    int epochs = 0;
    const train::FitResult part =
        fit(input, {[&](const train::EpochRecord&) { ++epochs; }, [&] { return epochs >= 5; }});
    CHECK(part.status == train::FitStatus::kInterrupted);
    const train::FitResult rest = fit(input);
    CHECK(rest.test == whole.test);
    CHECK(rest.model.weights == whole.model.weights);
  }
}

TEST_CASE("graphs: the parts of the source are what trains, validates and tests") {
  const ScratchFolder folder;
  std::ofstream table(folder / "nodes.csv");
  table << "x,y\n";
  for (int i = 0; i < 12; ++i) table << i % 2 << "," << i % 2 << "\n";
  table.close();
  std::ofstream(folder / "edges.txt") << "0 2\n1 3\n4 6\n";
  std::ofstream(folder / "split.txt") << "train 0 1 2 3\nval 4 5\ntest 6 7 8\n";
  const std::string yaml = R"(
name: parts
dataset: {source: ./nodes.csv, target: y, graph: {edges: edges.txt, split: split.txt}}
model:
  - SAGEConv: {units: 1, activation: sigmoid}
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2, metrics: [accuracy]}
)";
  const trials::Search search = prepare(folder, yaml);
  CHECK(search.hold_out.train.size() == 4);
  const train::FitResult result = fit(input_of(search));
  CHECK(result.predictions.size() == 3);
  const data::Split rows = train::fitting_rows(input_of(search));
  CHECK(rows.train == search.hold_out.train);
  CHECK(rows.test == std::vector<int64_t>{4, 5});
  CHECK(train::validates(search.spec, search.dataset));
  // Which is what early stopping watches; a split of one's own leaves no part to validate.
  const std::string stops = test::changed(
      yaml, "epochs: 2", "epochs: 2, validation_split: 0, early_stopping: {patience: 1}");
  CHECK(prepare(folder, stops).hold_out.train.size() == 4);
  const std::string own = test::changed(stops, "target: y,", "target: y, split: {test: 0.2},");
  CHECK_THROWS_WITH_AS(prepare(folder, own),
                       doctest::Contains("monitors 'val_loss', but validation_split is 0"),
                       InputError);
}

// Messages do not run along the links that are asked for.
TEST_CASE("graphs: a link of the test rows is not in the graph that predicts it") {
  const ScratchFolder folder;
  const trials::Search search = prepare(folder, kLinks);
  std::vector<int64_t> links;
  for (int64_t row = 0; row < search.dataset.rows; ++row) {
    if (search.dataset.classes[row] == 1) links.push_back(row);
  }
  const auto half = std::span<const int64_t>(links).first(links.size() / 2);
  CHECK(train::make_adjacency(search.dataset, half)->arcs() ==
        2 * static_cast<int64_t>(half.size()));
}
