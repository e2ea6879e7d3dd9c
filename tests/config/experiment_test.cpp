// From the file to the resolved experiment, and back.
#include <doctest/doctest.h>

#include <fstream>

#include "base/error.h"
#include "config/load.h"
#include "scratch_folder.h"
#include "trials/search.h"

using namespace mlrun;

namespace {

constexpr const char* kShort = R"(dataset: {generate: make_moons}
model: [{Dense: 8}, {Dense: {units: 1, activation: sigmoid}}]
train: {loss: binary_crossentropy, optimizer: Adam, epochs: 2}
)";

struct Settings {
  std::vector<std::string> command_line;
  std::vector<std::string> environment;
};

config::ExperimentSpec resolve(const std::string& text, const Settings& settings = {}) {
  const ScratchFolder folder;
  std::ofstream(folder / "file.yaml") << text;
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, trials::all_catalogs()};
  const config::Node tree =
      config::load_tree({folder / "file.yaml", settings.command_line, settings.environment}, reader)
          .root;
  config::ExperimentSpec spec = config::read_experiment(tree, "file", reader);
  diagnostics.throw_if_any();
  return spec;
}

std::string resolved(const std::string& text, const Settings& settings = {}) {
  return config::dump_experiment(resolve(text, settings));
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// `part` of the resolved experiment after replacing the optimizer.
std::string optimizer(const std::string& written) {
  const std::string text = resolved(kShort, {{"train.optimizer=" + written}, {}});
  const size_t begin = text.find("  optimizer:");
  return text.substr(begin, text.find("  batch_size:") - begin);
}

}  // namespace

TEST_CASE("experiment: with TimeSeriesSplit the last rows are held out") {
  const std::string plain = R"(dataset: {generate: make_regression, split: {test: 0.25}}
model: [Dense: 1]
train: {loss: mse, optimizer: Adam}
)";
  const std::string series = plain + "cv: {strategy: TimeSeriesSplit}\n";
  CHECK(resolve(plain).dataset.split.shuffle);
  CHECK_FALSE(resolve(series).dataset.split.shuffle);
  CHECK(holds(resolved(series), "  split:\n    test: 0.25\n    shuffle: false\n"));
  CHECK(resolved(series) == resolved(resolved(series)));
  CHECK_FALSE(resolve(plain, {{"cv.strategy=TimeSeriesSplit"}, {}}).dataset.split.shuffle);
}

TEST_CASE("experiment: the resolved text resolves to itself") {
  const std::vector<std::string> texts = {
      kShort, std::string(kShort) + "cv: {n_splits: 3, stratify: true}\n",
      std::string(kShort) + "name: \"no: #1, 'quoted' \\\"text\\\" \"\nseed: 12\n",
      std::string(kShort) + R"(
param_grid:
  - {model.0.units: [4, 8], train.optimizer.learning_rate: [1e-2, 0.001]}
  - {train.optimizer: [SGD, {RMSprop: {rho: 0.5}}], train.early_stopping.monitor: ["loss"]}
scoring: loss
refit: false
threads: 2
)",
      R"(dataset:
  source: "table: 1.csv"
  target: [a, -1]
  missing: ["", "?", "-9", "true", "null", "~"]
  standardize: [x, y]
  impute: most_frequent
  delimiter: "tab"
  split: {test: 0.25, shuffle: false}
model:
  - Dense: {units: 3, kernel_regularizer: {L2: 1e-4}, kernel_initializer: {RandomNormal: {stddev: 0.1}}}
  - Activation: softmax
train:
  loss: {categorical_crossentropy: {label_smoothing: 0.1}}
  optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 100}}, momentum: 0.9}}
  class_weight: {no: 1, yes: 2.5, "1": 3}
  early_stopping: {monitor: val_loss, patience: 3, baseline: 0.5}
  metrics: [accuracy, f1]
)"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const std::string once = resolved(text);
    CHECK(resolved(once) == once);
  }
}

TEST_CASE("experiment: the command line wins over the environment, the environment over the file") {
  CHECK(resolve(kShort).train.epochs == 2);
  CHECK(resolve(kShort, {{}, {"MLRUN_TRAIN__EPOCHS=3"}}).train.epochs == 3);
  CHECK(resolve(kShort, {{"train.epochs=4"}, {"MLRUN_TRAIN__EPOCHS=3"}}).train.epochs == 4);
  CHECK(resolve(kShort, {{"train.epochs=4", "train.epochs=5"}, {}}).train.epochs == 5);
  CHECK(resolve(kShort, {{}, {"MLRUN_SEED=7", "MLRUN_CACHE=/x", "OTHER__SEED=1"}}).seed == 7);
  CHECK(resolve(kShort, {{}, {"MLRUN_DATASET__SPLIT__TEST=0.5"}}).dataset.split.test == 0.5);
}

TEST_CASE("experiment: overrides reach what is not written yet, and maps with free keys") {
  CHECK(resolve(kShort, {{"cv.n_splits=3"}, {}}).cv->n_splits == 3);
  CHECK(resolve(kShort, {{"train.early_stopping.patience=3"}, {}}).train.early_stopping->patience ==
        3);
  CHECK(holds(resolved(kShort, {{"train.optimizer.learning_rate=0.5"}, {}}), "learning_rate: 0.5"));
  CHECK(holds(resolved(kShort, {{"model.0.Dense.units=5"}, {}}), "units: 5"));
  CHECK(resolve(kShort, {{"model.1=Flatten"}, {}}).model[1].type->name == "Flatten");
  const auto weights = resolve(kShort, {{"train.class_weight.0.5=2"}, {}}).train.class_weight;
  CHECK(weights.weights.at("0.5") == 2);
  const auto grids = resolve(kShort, {{"param_grid.model.0.units=[1, 2]"}, {}}).param_grid.grids;
  REQUIRE(grids.size() == 1);
  CHECK(grids[0].axes[0].path == "model.0.units");
  CHECK(grids[0].axes[0].values.size() == 2);
}

TEST_CASE("experiment: a component is a name, a map, or a name with its first field") {
  CHECK(optimizer("Adam") == optimizer("{Adam: }"));
  CHECK(optimizer("Adam") == optimizer("{Adam: {}}"));
  CHECK(optimizer("Adam") == optimizer("adam"));
  CHECK(optimizer("{Adam: 0.25}") == optimizer("{Adam: {learning_rate: 0.25}}"));
  CHECK(holds(optimizer("{Adam: 0.25}"), "learning_rate: 0.25"));
  CHECK(resolve(kShort, {{"train.loss=mse"}, {}}).train.loss.type->name == "mean_squared_error");
  const std::string by_name = resolved(kShort, {{"model.0.kernel_initializer=glorot_uniform"}, {}});
  CHECK(by_name == resolved(kShort, {{"model.0.kernel_initializer=GlorotUniform"}, {}}));
  const std::string by_value = resolved(kShort, {{"model.0.kernel_regularizer={L2: 1e-4}"}, {}});
  CHECK(by_value == resolved(kShort, {{"model.0.kernel_regularizer={L2: {l2: 0.0001}}"}, {}}));
  CHECK(by_value ==
        resolved(kShort,
                 {{"model.0.kernel_regularizer=L2", "model.0.kernel_regularizer.l2=1e-4"}, {}}));
}

TEST_CASE("experiment: words stay words where text is asked for") {
  const config::ExperimentSpec spec = resolve(
      std::string(kShort) + "name: no\n",
      {{"dataset.source=1e3", "dataset.target=[yes, 1, \"2\"]", "dataset.generate=null"}, {}});
  CHECK(spec.name == "no");
  CHECK(spec.dataset.source == "1e3");
  CHECK(spec.dataset.target == std::vector<std::string>{"yes", "1", "2"});
}

TEST_CASE("experiment: the name of the file stands in for a missing name") {
  CHECK(resolve(kShort).name == "file");
  CHECK(resolve(std::string(kShort) + "name: other\n").name == "other");
}

TEST_CASE("experiment: YAML anchors may be used within the file") {
  const config::ExperimentSpec spec = resolve(R"(dataset: {generate: make_moons}
model: [&hidden {Dense: 8}, *hidden, {Dense: 1}]
train: {loss: mse, optimizer: Adam}
)");
  REQUIRE(spec.model.size() == 3);
  CHECK(spec.model[1].type->name == "Dense");
}
