// Models with several outputs, each with a loss of its own.
#include <doctest/doctest.h>

#include <fstream>

#include "train/device_check.h"
#include "train/experiment_file.h"
#include "train/outputs.h"

using namespace mlrun;
using test::changed;
using test::input_of;
using test::prepare;

namespace {

// A row has two numbers, the class of their sum, the colour of the first one, and their product.
void write_table(const ScratchFolder& folder) {
  std::ofstream file(folder / "table.csv");
  file << "a,b,class,colour,product\n";
  for (int i = 0; i < 120; ++i) {
    const double a = (i * 37 % 101) / 50.0 - 1;
    const double b = (i * 53 % 89) / 44.0 - 1;
    const char* colour = a < -0.3 ? "red" : a < 0.3 ? "green" : "blue";
    file << a << ',' << b << ',' << (a + b > 0 ? "high" : "low") << ',' << colour << ','
         << 100 * a * b << '\n';
  }
}

constexpr const char* kExperiment = R"(
seed: 3
dataset:
  source: ./table.csv
  target: class
  split: {test: 0.25}
model:
  - Dense: {name: trunk, units: 16, activation: tanh}
  - Dense: {name: product, inputs: [trunk], units: 1}
  - Dense: {name: colour, inputs: [trunk], units: 3, activation: softmax}
  - Dense: {name: early, inputs: [trunk], units: 2, activation: softmax}
  - Dense: {name: again, inputs: [trunk], units: 2}
  - Dense: {name: class, inputs: [trunk], units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  outputs:
    product: {loss: mean_squared_error, columns: [product], standardize_target: true, weight: 0.5, metrics: [mae]}
    colour: {loss: sparse_categorical_crossentropy, columns: [colour], metrics: [accuracy]}
    early: {loss: categorical_crossentropy, metrics: [auc]}
    again: {loss: mse, target: input, weight: 0}
  optimizer: {Adam: {learning_rate: 0.02}}
  batch_size: 16
  epochs: 60
  validation_split: 0.2
  metrics: [accuracy]
)";

std::string error_of(const std::string& yaml) {
  const ScratchFolder folder;
  write_table(folder);
  return test::error_of(folder, yaml);
}

double score(const trials::Search& search, const std::vector<double>& scores,
             const std::string& name) {
  const std::vector<std::string> names = train::score_names(search.spec);
  const auto at = std::find(names.begin(), names.end(), name) - names.begin();
  return scores.at(static_cast<size_t>(at));
}

double score(const trials::Search& search, const train::FitResult& result,
             const std::string& name) {
  return score(search, result.test, name);
}

// An epoch in which nothing is learned, so that its metrics are of the weights of its losses.
std::string still(const std::string& yaml) {
  std::string text = changed(yaml, "learning_rate: 0.02", "learning_rate: 0");
  text = changed(text, "epochs: 60", "epochs: 1");
  return changed(text, "  metrics: [accuracy]\n", "  metrics: [log_loss]\n");
}

// Of the training, the validation and the test.
std::vector<std::vector<double>> scores_of(const train::FitResult& result) {
  return {result.history.at(0).training, result.history.at(0).validation, result.test};
}

// The loss is the sum of what is reported, the main one times `weight`.
void check_sum(const trials::Search& search, const std::vector<double>& scores, double weight) {
  const double sum = weight * score(search, scores, "log_loss") +
                     0.5 * score(search, scores, "product_loss") +
                     score(search, scores, "colour_loss") + score(search, scores, "early_loss");
  CHECK(score(search, scores, "loss") == doctest::Approx(sum).epsilon(1e-5));
}

// The losses of further outputs are the same.
void check_further(const trials::Search& search, const std::vector<std::vector<double>>& some,
                   const std::vector<std::vector<double>>& all) {
  for (size_t i = 0; i < all.size(); ++i) {
    for (const char* name : {"product_loss", "colour_loss", "early_loss", "again_loss"}) {
      CHECK(score(search, some[i], name) ==
            doctest::Approx(score(search, all[i], name)).epsilon(1e-5));
    }
  }
}

}  // namespace

TEST_CASE("outputs: each is trained by its own loss and scored by its own metrics") {
  const ScratchFolder folder;
  write_table(folder);
  const trials::Search search = prepare(folder, kExperiment);
  CHECK(search.dataset.width() == 2);  // what outputs are compared with is no feature
  CHECK(train::score_names(search.spec) ==
        std::vector<std::string>{"loss", "accuracy", "product_loss", "colour_loss", "early_loss",
                                 "again_loss", "product_mae", "colour_accuracy", "early_auc"});
  CHECK(train::greater_is_better(search.spec, "val_colour_accuracy"));
  CHECK_FALSE(train::greater_is_better(search.spec, "product_mae"));
  const train::FitResult result = fit(input_of(search));
  REQUIRE(result.status == train::FitStatus::kFinished);
  CHECK(score(search, result, "accuracy") > 0.9);
  CHECK(score(search, result, "colour_accuracy") > 0.9);
  CHECK(score(search, result, "early_auc") > 0.95);
  CHECK(score(search, result, "product_mae") < 15);  // of numbers up to 100
  CHECK(score(search, result, "again_loss") > 0.1);  // its weight is 0
  CHECK(result.output_width == 1 + 1 + 3 + 2 + 1);
  const train::FitResult more_threads = fit(input_of(search, 3));
  CHECK(more_threads.test == result.test);
  CHECK(more_threads.predictions == result.predictions);
  test::check_on_device(input_of(search), result);
}

TEST_CASE("outputs: the loss is the weighted sum of all") {
  const ScratchFolder folder;
  write_table(folder);
  const trials::Search search = prepare(folder, kExperiment);
  const train::FitResult result = fit(input_of(search));
  const data::Dataset& data = search.dataset;
  double own = 0;
  for (size_t i = 0; i < search.hold_out.test.size(); ++i) {
    const double p = result.predictions[i * static_cast<size_t>(result.output_width)];
    own -= std::log(data.classes[search.hold_out.test[i]] == 1 ? p : 1 - p);
  }
  own /= static_cast<double>(search.hold_out.test.size());
  const double sum = own + 0.5 * score(search, result, "product_loss") +
                     score(search, result, "colour_loss") + score(search, result, "early_loss");
  CHECK(score(search, result, "loss") == doctest::Approx(sum).epsilon(1e-4));
}

TEST_CASE("outputs: what weighs the rows of the main loss leaves the others' alone") {
  const ScratchFolder folder;
  write_table(folder);
  const std::string plain =
      still(changed(kExperiment, "units: 1, activation: sigmoid", "units: 2, activation: softmax"));
  const std::string loss = "loss: sparse_categorical_crossentropy\n";
  const trials::Search search =
      prepare(folder, changed(plain, "loss: binary_crossentropy\n", loss));
  const train::FitResult all = fit(input_of(search));
  SUBCASE("a class that is ignored") {
    const std::string ignoring = "loss: {sparse_categorical_crossentropy: {ignore_class: 0}}\n";
    const trials::Search other =
        prepare(folder, changed(plain, "loss: binary_crossentropy\n", ignoring));
    const train::FitResult some = fit(input_of(other));
    for (const auto& scores : scores_of(some)) check_sum(other, scores, 1);
    check_further(search, scores_of(some), scores_of(all));
    test::check_on_device(input_of(other), some);
  }
  SUBCASE("class weights, which only the training has") {
    const std::string weighing = loss + "  class_weight: {low: 3, high: 3}\n";
    const trials::Search other =
        prepare(folder, changed(plain, "loss: binary_crossentropy\n", weighing));
    const train::FitResult some = fit(input_of(other));
    check_sum(other, scores_of(some)[0], 3);
    check_sum(other, scores_of(some)[1], 1);
    check_sum(other, scores_of(some)[2], 1);
    check_further(search, scores_of(some), scores_of(all));
    test::check_on_device(input_of(other), some);
  }
}

TEST_CASE("outputs: rows that the main loss ignores teach a further output") {
  const ScratchFolder folder;
  write_table(folder);
  const auto kernel_after_a_step = [&](const std::string& loss) {
    std::string yaml = changed(kExperiment, "loss: binary_crossentropy", loss);
    yaml = changed(yaml, "units: 1, activation: sigmoid", "units: 2, activation: softmax");
    yaml = changed(yaml, "{Adam: {learning_rate: 0.02}}", "{SGD: {learning_rate: 0.1}}");
    yaml = changed(changed(yaml, "batch_size: 16", "batch_size: 200"), "epochs: 60", "epochs: 1");
    const train::FitResult result = fit(input_of(prepare(folder, yaml)));
    for (const store::NamedArray& weight : result.model.weights) {
      if (weight.name == "product/kernel") return weight.values;
    }
    return std::vector<float>();
  };
  const std::vector<float> all = kernel_after_a_step("loss: sparse_categorical_crossentropy");
  REQUIRE(all.size() == 16);
  for (const char* loss : {"loss: {sparse_categorical_crossentropy: {ignore_class: 0}}",
                           "loss: sparse_categorical_crossentropy\n"
                           "  class_weight: {low: 0, high: 5}"}) {
    const std::vector<float> some = kernel_after_a_step(loss);
    for (size_t i = 0; i < all.size(); ++i) {
      CHECK(some[i] == doctest::Approx(all[i]).epsilon(1e-5));
    }
  }
}

TEST_CASE("outputs: the loss of one that ignores a class is the mean over its other labels") {
  const ScratchFolder folder;
  write_table(folder);
  const std::string yaml =
      changed(still(kExperiment), "early: {loss: categorical_crossentropy, metrics: [auc]}",
              "early: {loss: {categorical_crossentropy: {ignore_class: 0}}, metrics: [log_loss]}");
  const trials::Search search = prepare(folder, yaml);
  const train::FitResult result = fit(input_of(search));
  for (const auto& scores : scores_of(result)) {
    check_sum(search, scores, 1);
    CHECK(score(search, scores, "early_loss") ==
          doctest::Approx(score(search, scores, "early_log_loss")).epsilon(1e-5));
  }
  test::check_on_device(input_of(search), result);
}

TEST_CASE("outputs: a search over the weight of one") {
  const ScratchFolder folder;
  write_table(folder);
  const std::string yaml = std::string(kExperiment) + R"(
cv: {n_splits: 3}
param_grid:
  train.outputs.product.weight: [0, 1]
scoring: product_mae
)";
  std::ofstream(folder / "grid.yaml") << yaml;
  const trials::Search search = trials::prepare_search(
      {{folder / "grid.yaml", {}, {}}, trials::SearchKind::kGridSearch, folder / "cache"});
  REQUIRE(search.cells.size() == 2);
  CHECK(search.cells[0].spec.train.outputs.list[0].second.weight == 0);
  CHECK(search.cells[1].spec.train.outputs.list[0].second.weight == 1);
}

TEST_CASE("outputs: what cannot be is said where it is written") {
  const auto has = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const std::string yaml = kExperiment;
  has(error_of(changed(yaml, "    product: {", "    produkt: {")),
      "17:5: error: the model has no layer 'produkt'; did you mean 'product'?");
  has(error_of(changed(yaml, "    again: {", "    class: {")),
      "'class' is the last layer: train.loss is its loss");
  has(error_of(changed(yaml, "columns: [product]", "columns: [prodct]")),
      "error: no column 'prodct' for train.outputs.product.columns in 'table.csv'; did you mean "
      "'product'?\n"
      "    product: {loss: mean_squared_error, columns: [prodct]");
  has(error_of(changed(yaml, "columns: [product]", "columns: [product, product]")),
      "error: column 'product' is listed twice in train.outputs.product.columns\n    product: {");
  has(error_of(changed(yaml, "target: class", "target: class\n  features: [a, product]")),
      "6:17: error: column 'product' is both train.outputs.product.columns and features");
  has(error_of(changed(yaml, "units: 3, act", "units: 4, act")),
      "the model must end in 3 units, one for each class, not 4");
  has(error_of(changed(yaml, "metrics: [mae]", "metrics: [accuracy]")),
      "metric accuracy needs classes, but the loss mean_squared_error is for values");
  has(error_of(changed(yaml, "again: {loss: mse", "again: {loss: nt_xent")),
      "is of the whole model, not of a further output");
  has(error_of(changed(yaml, "target: input", "target: input, columns: [a]")),
      "compares with the input or with columns, not with both");
  has(error_of(changed(yaml, "name: again, inputs: [trunk], units: 2",
                       "name: again, inputs: [trunk], units: 3")),
      "'again' is compared with the input (N, 2), but is (N, 3)");
  has(error_of(changed(yaml, "metrics: [accuracy]}\n    early",
                       "metrics: [accuracy], standardize_target: true}\n    early")),
      "has no target of values that standardize_target could scale");
}
