#include "trials/results.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>

#include "scratch_folder.h"
#include "train/scores.h"

using namespace mlrun;

namespace {

// A layer that adds the loss term `kl`, or one that adds none.
constexpr const char* kDraws = "{Sampling: {name: z, inputs: [mean, spread]}}";
constexpr const char* kSums = "{Add: {name: z, inputs: [mean, spread]}}";

std::string experiment(const std::string& written) {
  return std::string(R"(
dataset: {source: ./table.csv, target: p, split: {test: 0.25}}
model:
  - Dense: {name: product, units: 1}
  - Dense: {name: mean, inputs: input, units: 2}
  - Dense: {name: spread, inputs: input, units: 2}
  - )") + written +
         R"(
  - Dense: {units: 1}
train:
  loss: mse
  outputs: {product: {loss: mse, columns: [q], metrics: [r2]}}
  optimizer: SGD
  epochs: 1
  metrics: [mae]
cv: {n_splits: 2}
scoring: product_r2
param_grid: {model.3: [)" +
         kSums + ", " + kDraws + "]}\n";
}

trials::Search prepare(const ScratchFolder& folder, const std::string& written) {
  std::ofstream(folder / "table.csv") << "x,p,q\n0,1,2\n0.1,11,12\n0.2,21,22\n0.3,31,32\n"
                                         "0.4,41,42\n0.5,51,52\n0.6,61,62\n0.7,71,72\n";
  std::ofstream(folder / "search.yaml") << experiment(written);
  return trials::prepare_search(
      {{folder / "search.yaml", {}, {}}, trials::SearchKind::kGridSearch, folder / "cache"});
}

double made_up(const std::string& name, int32_t cell) {
  return static_cast<double>(name.size()) - cell;
}

trials::TrialRecord record_of(const trials::Search& search, const trials::Trial& trial) {
  trials::TrialRecord record;
  record.trial = trial;
  for (const std::string& name :
       train::score_names(search.cells[static_cast<size_t>(trial.cell)].spec)) {
    record.test.push_back(made_up(name, trial.cell));
  }
  record.history.push_back({0, record.test, record.test, 1});
  return record;
}

std::vector<double> numbers(const store::ResultsFile& file, const std::string& section,
                            const std::string& column) {
  INFO(column);
  for (const store::Column& one : file.find(section)->table.columns) {
    if (one.name == column) return std::get<std::vector<double>>(one.values);
  }
  FAIL("no such column");
  return {};
}

// Of the cells 0 and 1, `repeats` times each; NaN is shown as -1.
std::vector<double> by_cell(double first, double second, size_t repeats) {
  std::vector<double> values(repeats, first);
  values.resize(2 * repeats, second);
  return values;
}

std::vector<double> without_nan(std::vector<double> values) {
  for (double& value : values) value = std::isnan(value) ? -1 : value;
  return values;
}

}  // namespace

TEST_CASE("results: a score is under its own name, whatever terms the losses of cells have") {
  for (const char* written : {kSums, kDraws}) {
    CAPTURE(written);
    const ScratchFolder folder;
    const trials::Search search = prepare(folder, written);
    std::map<int32_t, trials::TrialRecord> records;
    for (const trials::Trial& trial : search.trials) {
      records[trial.id] = record_of(search, trial);
    }
    records[4] = record_of(search, search.refit_of(0));
    const store::ResultsFile file = make_results(search, records, {}, {});
    for (const char* name : {"loss", "mae", "product_loss", "product_r2"}) {
      const std::vector<double> expected = by_cell(made_up(name, 0), made_up(name, 1), 1);
      CHECK(numbers(file, "/cells", std::string("split1_test_") + name) == expected);
      CHECK(numbers(file, "/cells", std::string("mean_test_") + name) == expected);
      std::vector<double> of_trials = by_cell(made_up(name, 0), made_up(name, 1), 2);
      of_trials.push_back(made_up(name, 0));
      CHECK(numbers(file, "/trials", std::string("test_") + name) == of_trials);
      CHECK(numbers(file, "/history", name) == of_trials);
      CHECK(numbers(file, "/history", std::string("val_") + name) == of_trials);
    }
    CHECK(without_nan(numbers(file, "/cells", "mean_test_kl")) == by_cell(-1, 1, 1));
    CHECK(without_nan(numbers(file, "/history", "kl")) == std::vector<double>{-1, -1, 1, 1, -1});
    std::vector<std::string> names;
    for (const store::Column& column : file.find("/history")->table.columns) {
      names.push_back(column.name);
    }
    names.resize(7);
    CHECK(names == std::vector<std::string>{"trial", "epoch", "loss", "mae", "kl", "product_loss",
                                            "product_r2"});
    const auto attribute = [&](const std::string& name) {
      for (const auto& [key, value] : file.attributes) {
        if (key == name) return std::get<double>(value);
      }
      return -1.0;
    };
    CHECK(attribute("best_score") == made_up("product_r2", 0));
    CHECK(attribute("test_product_r2") == made_up("product_r2", 0));
    CHECK(attribute("test_kl") == -1);
  }
}
