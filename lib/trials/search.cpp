#include "trials/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/file.h"
#include "config/path.h"
#include "data/open.h"
#include "data/tokens.h"
#include "nn/activations.h"
#include "nn/layer.h"
#include "optim/optimizer.h"
#include "train/fit.h"
#include "train/metrics.h"
#include "train/outputs.h"
#include "train/structure.h"
#include "trials/cell_errors.h"
#include "trials/fit_input.h"
#include "trials/initial_weights.h"

namespace mlrun::trials {
namespace {

using config::ExperimentSpec;
using config::Grid;
using config::Node;

// Odometer over the axes: the last one turns fastest, as in scikit-learn's ParameterGrid.
std::vector<Cell> expand(const Grid& grid) {
  std::vector<Cell> cells(1);
  for (const Grid::Axis& axis : grid.axes) {
    std::vector<Cell> wider;
    for (const Cell& cell : cells) {
      for (const Node& value : axis.values) {
        wider.push_back(cell);
        wider.back().params.emplace_back(axis.path, value);
      }
    }
    cells = std::move(wider);
  }
  return cells;
}

Mark axis_mark(const Grid& grid, const std::string& path) {
  for (const Grid::Axis& axis : grid.axes) {
    if (axis.path == path) return axis.mark;
  }
  return {};
}

// What is imported and split, and what is scored, is the same for all cells.
bool can_vary(const std::string& path) {
  const std::string first = path.substr(0, path.find('.'));
  if (!ExperimentSpec::fields().find(first)) return true;  // set_path says what it is instead
  if (path == "train.outputs") return false;
  if (path.starts_with("train.outputs.")) {
    return path.ends_with(".weight") || path.find(".loss") != std::string::npos;
  }
  return (first == "model" || first == "train") && !path.starts_with("train.metrics");
}

// One setting must not be set by two axes: the cells would not be what their params say.
void check_overlap(const std::string& path, const std::string& written,
                   const std::map<std::string, std::string>& before, const Mark& mark,
                   Diagnostics& diagnostics) {
  for (const auto& [other, other_written] : before) {
    if (path == other) {
      diagnostics.error(mark,
                        fmt::format("'{}' is the same setting as '{}'", written, other_written));
    } else if (other.starts_with(path + ".")) {
      diagnostics.error(mark, fmt::format("'{}' replaces what '{}' sets; put it before that",
                                          written, other_written));
    }
  }
}

// What is wrong with single values is said where they stand, what does not go together with the
// cell.
void resolve_cell(Cell& cell, const Grid& grid, const Node& tree, const std::string& name,
                  CellErrors& together, Diagnostics& diagnostics) {
  Diagnostics own;
  config::Reader reader{own, all_catalogs()};
  Node changed = tree;
  std::map<std::string, std::string> set;  // full path, path as written
  for (const auto& [path, value] : cell.params) {
    if (!can_vary(path)) {
      own.error(axis_mark(grid, path),
                fmt::format("param_grid can change what is below model and train (but for {}), "
                            "not '{}'",
                            path.starts_with("train.outputs")
                                ? "train.metrics; of train.outputs weight and loss"
                                : "train.metrics",
                            path));
      continue;
    }
    const Mark mark = axis_mark(grid, path);
    const std::string full =
        config::set_path(changed, ExperimentSpec::fields(), path, value, mark, reader);
    check_overlap(full, path, set, mark, own);
    set.emplace(full, path);
  }
  if (own.ok()) cell.spec = config::read_experiment(changed, name, reader);
  diagnostics.append(own);
  if (!own.ok()) return;
  train::check_training(cell.spec, own);
  together.add(describe_params(cell), own);
}

// The axes, as the first cell of the grid has them, by their paths with all names.
std::map<std::string, const Grid::Axis*> axes_by_path(const Grid& grid, Node tree) {
  Diagnostics elsewhere;  // they are told with the cells
  config::Reader reader{elsewhere, all_catalogs()};
  std::map<std::string, const Grid::Axis*> axes;
  for (const Grid::Axis& axis : grid.axes) {
    const std::string path = config::set_path(tree, ExperimentSpec::fields(), axis.path,
                                              axis.values.front(), axis.mark, reader);
    if (!path.empty()) axes.emplace(path, &axis);
  }
  return axes;
}

// Each cell would replace what the override sets, and the search be another than was asked for.
// `where` is the path of the grid.
void check_overrides(const Grid& grid, const std::string& where, const config::ExperimentTree& tree,
                     Diagnostics& diagnostics) {
  if (tree.overrides.empty()) return;
  for (const auto& [path, axis] : axes_by_path(grid, tree.root)) {
    for (const config::Override& override : tree.overrides) {
      if (override.path == path) {
        diagnostics.error(
            override.mark,
            fmt::format("{} is varied by param_grid; give it as {}.{}=[{}]", override.written,
                        where, axis->path, config::to_flow(override.value)));
      } else if (override.path.starts_with(path + ".")) {
        diagnostics.error(
            override.mark,
            fmt::format("{} is varied by param_grid, which replaces {}; give it there", axis->path,
                        override.written));
      }
    }
  }
}

void check_overrides(const std::vector<Grid>& grids, const config::ExperimentTree& tree,
                     Diagnostics& diagnostics) {
  const config::Entry* written = tree.root.find("param_grid");
  for (size_t g = 0; g < grids.size(); ++g) {
    const bool is_list = written && written->value.is_sequence();
    check_overrides(grids[g], is_list ? fmt::format("param_grid.{}", g) : "param_grid", tree,
                    diagnostics);
  }
}

// Trials are numbered in 32 bits and each keeps its records; years of training are in this many.
constexpr double kMostTrials = 1e6;

double count_cells(const std::vector<Grid>& grids) {
  double total = 0;
  for (const Grid& grid : grids) {
    double cells = 1;
    for (const Grid::Axis& axis : grid.axes) cells *= static_cast<double>(axis.values.size());
    total += cells;
  }
  return total;
}

// Of a search that does not say, those that it will get.
double count_folds(const Search& search) {
  const auto& cv = search.spec.cv;
  if (!cv && search.kind == SearchKind::kTrain) return 1;
  const config::CvSpec folds = cv.value_or(config::CvSpec());
  return static_cast<double>(folds.n_splits) * static_cast<double>(folds.n_repeats);
}

void check_count(const Search& search, const std::vector<Grid>& grids, Diagnostics& diagnostics) {
  const double cells = count_cells(grids);
  const double folds = count_folds(search);
  if (cells * folds <= kMostTrials) return;
  const bool has_axes = !grids.front().axes.empty();
  diagnostics.error(
      has_axes ? grids.front().axes.front().mark : search.spec.cv->marks.of("n_splits"),
      fmt::format("{:.0f} cells x {:.0f} folds are more than the {:.0f} trials that a "
                  "search can have",
                  cells, folds, kMostTrials));
}

void make_cells(Search& search, const Node& tree, Diagnostics& diagnostics) {
  std::vector<Grid> grids = search.spec.param_grid.grids;
  if (search.kind == SearchKind::kTrain || grids.empty()) grids.assign(1, Grid{});
  check_count(search, grids, diagnostics);
  if (!diagnostics.ok()) return;
  Node without_grid = tree;  // of which each cell would have a copy
  std::erase_if(without_grid.entries,
                [](const config::Entry& entry) { return entry.key == "param_grid"; });
  CellErrors together;
  for (const Grid& grid : grids) {
    for (Cell& cell : expand(grid)) {
      resolve_cell(cell, grid, without_grid, search.spec.name, together, diagnostics);
      search.cells.push_back(std::move(cell));
    }
  }
  together.report(diagnostics);
}

void fill_search_defaults(Search& search) {
  if (search.kind == SearchKind::kGridSearch && !search.spec.cv) {
    search.spec.cv.emplace();  // scikit-learn's default: 5 folds, stratified for classes
    search.spec.cv->stratify = nn::target_kind(search.spec.train) != nn::TargetKind::kNone &&
                               search.dataset.classes && search.dataset.label_width == 1 &&
                               !search.dataset.windows;
  }
}

// The experiment, with the model and the training of a model file, and with what changes features
// without statistics, which would be in the file.
Node as_of_model(Node tree, const TrainedModel& model, Diagnostics& diagnostics) {
  const auto text = std::make_shared<SourceText>(SourceText{model.file.string(), model.config});
  Node config = config::parse_yaml(text, diagnostics);
  for (const char* key : {"model", "train"}) tree[key] = config[key];
  tree["dataset"]["normalize"] = config["dataset"]["normalize"];
  return tree;
}

// To be called before there are cells.
void adopt_model(Search& search, Node& tree, const TrainedModel& model, config::Reader& reader) {
  const std::string written = config::dump_experiment(search.spec);
  tree = as_of_model(tree, model, reader.diagnostics);
  if (!reader.diagnostics.ok()) return;
  search.spec = config::read_experiment(tree, search.spec.name, reader);
  train::check_training(search.spec, reader.diagnostics);
  search.is_as_written = config::dump_experiment(search.spec) == written;
}

void open_data(Search& search, const SearchOptions& options, const TrainedModel& model) {
  data::OpenOptions open;
  open.base = options.source.file.parent_path();
  open.cache = options.cache;
  open.seed = search.spec.seed;
  const nn::TargetKind kind = nn::target_kind(search.spec.train);
  open.classify = kind != nn::TargetKind::kValues;
  open.optional = kind == nn::TargetKind::kNone || !options.needs_target;
  open.may_lack_target = !options.needs_target;
  open.outputs = train::output_columns(search.spec.train);
  open.trained = model.columns;
  open.trained_classes = model.classes;
  if (model.gives_tokens) open.tokens_of = model.file;
  search.dataset = data::open_dataset(search.spec.dataset, open);
  const bool learns_tokens =
      search.dataset.target_words || (search.dataset.words && open.tokens_of.empty());
  const bool splits = options.needs_target || learns_tokens || search.dataset.graphs;
  if (!splits) return;
  fill_search_defaults(search);
  const auto seed = static_cast<uint64_t>(search.spec.seed);
  search.hold_out = data::hold_out(search.dataset, search.spec.dataset.split, seed);
  if (options.needs_target && search.spec.cv) {
    search.folds =
        data::cross_validation(search.dataset, *search.spec.cv, search.hold_out.train, seed);
  }
}

void check_models(Search& search, WeightFiles& files, Diagnostics& diagnostics) {
  CellErrors errors;
  for (Cell& cell : search.cells) {
    Diagnostics own;
    cell.initial_weights = files.open(cell.spec.train, own);
    cell.model = train::check_model(cell.spec, search.dataset, cell.initial_weights.get(), own);
    errors.add(describe_params(cell), own);
  }
  errors.report(diagnostics);
}

void number_shapes(Search& search) {
  std::map<std::string, int32_t> shapes;
  for (Cell& cell : search.cells) {
    const std::optional<std::string> key = train::stacking_key(cell.spec, search.dataset);
    if (key) cell.shape = shapes.emplace(*key, static_cast<int32_t>(shapes.size())).first->second;
  }
}

void lay_out_trials(Search& search) {
  for (size_t c = 0; c < search.cells.size(); ++c) {
    for (size_t f = 0; f < search.folds.size(); ++f) {
      search.trials.push_back({static_cast<int32_t>(search.trials.size()), static_cast<int32_t>(c),
                               static_cast<int32_t>(f)});
    }
  }
}

// Threads decide how long a training takes, and no number of it.
void identify(Search& search, const WeightFiles& files) {
  search.config = config::dump_experiment(search.spec);
  config::ExperimentSpec deciding = search.spec;
  deciding.threads.reset();
  search.identity = sha256(
      fmt::format("{}\n{}\n{}{}", config::dump_experiment(deciding), search.dataset.sha256,
                  search.kind == SearchKind::kTrain ? "train" : "gridsearch", files.digest()));
}

}  // namespace

const config::Catalogs& all_catalogs() {
  static const config::Catalogs catalogs = [] {
    config::Catalogs all;
    all.add(data::generator_catalog());
    all.add(data::tokens_catalog());
    all.add(nn::layer_catalog());
    all.add(nn::activation_catalog());
    all.add(nn::initializer_catalog());
    all.add(nn::regularizer_catalog());
    all.add(nn::loss_catalog());
    all.add(optim::optimizer_catalog());
    all.add(optim::schedule_catalog());
    all.add(train::metric_catalog());
    return all;
  }();
  return catalogs;
}

bool Search::has_refit() const {
  return folds.empty() || (kind == SearchKind::kGridSearch && spec.refit);
}

Trial Search::refit_of(int32_t cell) const {
  return {static_cast<int32_t>(trials.size()), cell, kRefitFold};
}

int Search::threads(int cores) const {
  const bool alone = trials.size() <= 1;
  const int64_t wanted = spec.threads.value_or(alone ? cores : 1);
  return static_cast<int>(std::min<int64_t>(wanted, cores));
}

int Search::largest_stack() const {
  std::map<int32_t, int> trials_of_shape;
  int largest = 1;
  for (const Trial& trial : trials) {
    const int32_t shape = cells[static_cast<size_t>(trial.cell)].shape;
    if (shape != kNoShape) largest = std::max(largest, ++trials_of_shape[shape]);
  }
  return largest;
}

Search prepare_search(const SearchOptions& options) {
  Diagnostics diagnostics;
  config::Reader reader{diagnostics, all_catalogs()};
  config::ExperimentTree loaded = config::load_tree(options.source, reader);
  Node& tree = loaded.root;
  Search search;
  search.file = options.source.file;
  search.environment = config::taken_from_environment(loaded);
  search.kind = options.kind;
  const std::string name = options.source.file.stem().string();
  search.spec = config::read_experiment(tree, name, reader);
  if (options.grid_if_any && !search.spec.param_grid.grids.empty()) {
    search.kind = SearchKind::kGridSearch;
  }
  if (diagnostics.ok()) train::check_training(search.spec, diagnostics);
  if (search.kind == SearchKind::kGridSearch && !options.grid_wins) {
    check_overrides(search.spec.param_grid.grids, loaded, diagnostics);
  }
  diagnostics.throw_if_any();
  TrainedModel model;
  if (options.of_model) {
    model = options.of_model(search.spec);
    adopt_model(search, tree, model, reader);
    diagnostics.throw_if_any();
  }
  make_cells(search, tree, diagnostics);
  diagnostics.throw_if_any();
  open_data(search, options, model);
  WeightFiles files(options.source.file.parent_path());
  if (options.needs_target) {
    train::check_transform(search.dataset, search.spec.dataset);
    check_models(search, files, diagnostics);
  }
  diagnostics.throw_if_any();
  number_shapes(search);
  lay_out_trials(search);
  if (options.needs_target) check_rows(search);
  identify(search, files);
  search.initial_weights = files.paths();
  return search;
}

std::string describe_trials(const Search& search) {
  if (search.folds.empty()) return "1 training";
  const auto some = [](size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  return fmt::format("{} x {}{} = {} trainings", some(search.cells.size(), "cell"),
                     some(search.folds.size(), "fold"), search.has_refit() ? " + 1 final fit" : "",
                     search.trials.size() + (search.has_refit() ? 1 : 0));
}

std::string describe_params(const Cell& cell) {
  std::string text;
  for (const auto& [path, value] : cell.params) {
    std::string key = path.substr(path.rfind('.') + 1);
    const auto same_end = [&](const auto& other) {
      return other.first.substr(other.first.rfind('.') + 1) == key;
    };
    if (std::count_if(cell.params.begin(), cell.params.end(), same_end) > 1) key = path;
    text += (text.empty() ? "" : ", ") + key + "=" + config::to_flow(value);
  }
  return text.empty() ? "(as written)" : text;
}

}  // namespace mlrun::trials
