// What is to be run: the cells of the grid, the folds, and the trials over both.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/experiment.h"
#include "config/load.h"
#include "data/dataset.h"
#include "data/split.h"
#include "train/check.h"
#include "train/fit.h"

namespace mlrun::trials {

/// Of cells whose trials are trained alone.
inline constexpr int32_t kNoShape = -1;

/// One point of the grid.
struct Cell {
  std::vector<std::pair<std::string, config::Node>> params;  ///< path and value, in file order
  config::ExperimentSpec spec;                               ///< of this point: without param_grid
  train::ModelReport model;
  std::shared_ptr<const store::ModelFile> initial_weights;  ///< or null
  int32_t shape = kNoShape;  ///< trials of cells of one shape can be trained as one
};

/// Fold of the training on all training rows; -1, as the results file has it.
inline constexpr auto kRefitFold = static_cast<int32_t>(train::kRefitFold);

/// One training. Numbered cell by cell, fold by fold; the refit is the last.
struct Trial {
  int32_t id = 0;
  int32_t cell = 0;
  int32_t fold = 0;  ///< index into Search::folds, or kRefitFold
};

enum class SearchKind { kTrain, kGridSearch };

/// An experiment, read, checked and laid out; nothing has been trained. Immutable.
struct Search {
  config::ExperimentSpec spec;           ///< without the grid's changes
  std::filesystem::path file;            ///< that it was read from
  std::vector<std::string> environment;  ///< settings that come from there: MLRUN_SEED=2
  std::vector<std::filesystem::path> initial_weights;  ///< files that trainings start from
  SearchKind kind = SearchKind::kTrain;
  data::Dataset dataset;
  data::Split hold_out;  ///< training rows and held-out test rows
  std::vector<Cell> cells;
  std::vector<data::Split> folds;  ///< n_splits x n_repeats, in rows of the data set
  std::vector<Trial> trials;       ///< of the search; the refit comes after them
  std::string config;              ///< the resolved experiment
  std::string identity;            ///< sha256 of everything that decides the numbers
  bool is_as_written = true;       ///< SearchOptions::of_model changed nothing

  bool has_refit() const;
  Trial refit_of(int32_t cell) const;
  int threads(int cores) const;  ///< of one training: as written, else 1 in a search, all alone
  int largest_stack() const;     ///< most trials that could be trained as one
};

/// What a model file says of the experiment that it comes from. Its model and its training, which
/// may be those of a cell of a grid, or overridden, take the place of the experiment's own.
struct TrainedModel {
  std::filesystem::path file;
  std::string config;                 ///< store::ModelFile::config
  std::vector<data::Column> columns;  ///< data::OpenOptions::trained
  std::vector<std::string> classes;   ///< data::OpenOptions::trained_classes
  bool gives_tokens = false;          ///< to rows to be predicted, if they are a text or documents
};

struct SearchOptions {
  config::ExperimentSource source;
  SearchKind kind = SearchKind::kTrain;
  std::filesystem::path cache;
  bool grid_if_any = false;  ///< be a grid search if the experiment has a grid
  bool grid_wins = false;    ///< over overrides of what it varies, which are an error otherwise
  /// False: rows to be predicted. They may be without a target, are not checked for it, and are
  /// split only where a model depends on it (documents, graphs).
  bool needs_target = true;
  /// Set where a trained model is used: finds it, given the experiment as written.
  std::function<TrainedModel(const config::ExperimentSpec&)> of_model = {};
};

/// Reads, checks, opens the data, and validates every cell. Throws InputError with all errors of a
/// pass.
Search prepare_search(const SearchOptions& options);

/// Every catalog of the program.
const config::Catalogs& all_catalogs();

/// "4 cells x 3 folds + 1 final fit = 13 trainings", or "1 training".
std::string describe_trials(const Search& search);

/// `units=50, learning_rate=0.01`: the last parts of the paths where these are unique.
std::string describe_params(const Cell& cell);

}  // namespace mlrun::trials
