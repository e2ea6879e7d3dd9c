// A search of milliseconds: 2 cells x 3 folds.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "scratch_folder.h"
#include "trials/search.h"

namespace mlrun::test {

inline constexpr const char* kSmallSearch = R"(name: moons
seed: 3
dataset:
  generate: {make_moons: {n_samples: 120, noise: 0.2}}
  split: {test: 0.2}
model:
  - Dense: {units: 4, activation: relu}
  - Dense: {units: 1, activation: sigmoid}
train:
  loss: binary_crossentropy
  optimizer: Adam
  epochs: 3
  metrics: [auc]
cv: {n_splits: 3, stratify: true}
param_grid: {train.optimizer.learning_rate: [1e-2, 1e-3]}
scoring: auc
)";

struct SmallSearch {
  ScratchFolder folder;
  trials::Search search;

  explicit SmallSearch(const std::vector<std::string>& overrides = {}) {
    const std::filesystem::path file = folder / "search.yaml";
    std::ofstream(file) << kSmallSearch;
    search = trials::prepare_search(
        {{file.string(), overrides, {}}, trials::SearchKind::kGridSearch, folder / "cache"});
  }
};

}  // namespace mlrun::test
