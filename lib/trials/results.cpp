#include "trials/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "config/scalar.h"
#include "trials/named_score.h"
#include "trials/predictions.h"
#include "trials/ranking.h"

namespace mlrun::trials {
namespace {

using config::Node;
using store::Section;
using store::Table;
using Records = std::map<int32_t, TrialRecord>;

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t kSchema = 1;

template <class T>
void add(Table& table, std::string name, std::vector<T> values) {
  table.columns.push_back({std::move(name), std::move(values)});
}

const Node* param_of(const Cell& cell, const std::string& path) {
  for (const auto& [name, value] : cell.params) {
    if (name == path) return &value;
  }
  return nullptr;
}

// Numbers if all cells have numbers, else text; cells of another grid have NaN or "".
void add_param(Table& table, const Search& search, const std::string& path) {
  std::vector<double> numbers;
  std::vector<std::string> texts;
  bool numeric = true;
  for (const Cell& cell : search.cells) {
    const Node* value = param_of(cell, path);
    const bool plain = value && value->is_scalar() && !value->quoted;
    const auto number = plain ? config::parse_float(value->scalar) : std::nullopt;
    numeric = numeric && (!value || number);
    numbers.push_back(number.value_or(kAbsent));
    texts.push_back(!value ? "" : value->is_scalar() ? value->scalar : config::to_flow(*value));
  }
  if (numeric) {
    add(table, "param_" + path, std::move(numbers));
  } else {
    add(table, "param_" + path, std::move(texts));
  }
}

std::string params_text(const Cell& cell) {
  Node node = Node::map();
  for (const auto& [path, value] : cell.params) node[path] = value;
  return config::to_flow(node);
}

void add_times(Table& table, const Search& search, const Records& records) {
  std::vector<double> mean_fit(search.cells.size(), 0);
  std::vector<double> mean_score(search.cells.size(), 0);
  const auto folds = static_cast<double>(std::max<size_t>(search.folds.size(), 1));
  for (const Trial& trial : search.trials) {
    const auto found = records.find(trial.id);
    const bool known = found != records.end();
    mean_fit[size_t(trial.cell)] += known ? found->second.fit_seconds / folds : kAbsent;
    mean_score[size_t(trial.cell)] += known ? found->second.score_seconds / folds : kAbsent;
  }
  add(table, "mean_fit_time", std::move(mean_fit));
  add(table, "mean_score_time", std::move(mean_score));
}

Section cells_section(const Search& search, const Records& records) {
  Section section{"/cells", {}, {}, false};
  Table& table = section.table;
  std::vector<int64_t> numbers(search.cells.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  add(table, "cell", std::move(numbers));
  std::vector<std::string> params;
  std::vector<int64_t> parameters;
  std::vector<std::string> paths;
  for (const Cell& cell : search.cells) {
    params.push_back(params_text(cell));
    parameters.push_back(cell.model.parameters);
    for (const auto& [path, value] : cell.params) {
      if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
    }
  }
  add(table, "params", std::move(params));
  for (const std::string& path : paths) add_param(table, search, path);
  add(table, "parameters", std::move(parameters));
  if (search.folds.empty()) return section;
  for (const std::string& name : score_names(search)) {
    ScoreTable scores = score_table(search, records, name);
    for (size_t f = 0; f < scores.by_fold.size(); ++f) {
      add(table, fmt::format("split{}_test_{}", f, name), std::move(scores.by_fold[f]));
    }
    add(table, "mean_test_" + name, std::move(scores.mean));
    add(table, "std_test_" + name, std::move(scores.std));
    add(table, "rank_test_" + name, std::move(scores.rank));
  }
  add_times(table, search, records);
  return section;
}

// One column per member of the record.
template <class T, class Get>
void add_from(Table& table, const char* name, const Records& records, Get get) {
  std::vector<T> values;
  for (const auto& [id, record] : records) values.push_back(get(record));
  add(table, name, std::move(values));
}

Section trials_section(const Search& search, const Records& records) {
  Section section{"/trials", {}, {}, false};
  Table& t = section.table;
  using R = const TrialRecord&;
  add_from<int32_t>(t, "trial", records, [](R r) { return r.trial.id; });
  add_from<int32_t>(t, "cell", records, [](R r) { return r.trial.cell; });
  add_from<int32_t>(t, "fold", records, [](R r) { return r.trial.fold; });
  add_from<int64_t>(t, "seed", records, [&](R) { return search.spec.seed; });
  add_from<std::string>(t, "status", records, [](R r) { return std::string(to_string(r.status)); });
  add_from<std::string>(t, "message", records, [](R r) { return r.message; });
  add_from<std::string>(t, "device", records, [](R r) { return r.device; });
  add_from<std::string>(t, "precision", records, [](R r) { return r.precision; });
  add_from<int32_t>(t, "worker", records, [](R r) { return r.worker; });
  add_from<int32_t>(t, "attempts", records, [](R r) { return r.attempts; });
  add_from<int64_t>(t, "epochs", records,
                    [](R r) { return static_cast<int64_t>(r.history.size()); });
  add_from<int64_t>(t, "model_epoch", records, [&](R r) {
    if (r.status != TrialStatus::kFinished) return int64_t{-1};
    const Cell& cell = search.cells[static_cast<size_t>(r.trial.cell)];
    return static_cast<int64_t>(train::epoch_of_model(cell.spec, r.history));
  });
  add_from<int64_t>(t, "parameters", records, [](R r) { return r.parameters; });
  add_from<double>(t, "loss_scale", records, [](R r) { return r.loss_scale.scale; });
  add_from<int64_t>(t, "skipped_steps", records, [](R r) { return r.loss_scale.skipped_steps; });
  for (const std::string& name : score_names(search)) {
    const NamedScore score(search, name);
    add_from<double>(t, ("test_" + name).c_str(), records,
                     [&](R r) { return score.of(r.trial.cell, r.test); });
  }
  add_from<double>(t, "fit_time", records, [](R r) { return r.fit_seconds; });
  add_from<double>(t, "score_time", records, [](R r) { return r.score_seconds; });
  add_from<double>(t, "data_time", records, [](R r) { return r.data_seconds; });
  add_from<double>(t, "compute_time", records, [](R r) { return r.compute_seconds; });
  add_from<double>(t, "energy_j", records, [](R r) { return r.energy_joules; });
  return section;
}

// One column of a number of every epoch.
template <class Get>
void add_of_epochs(Table& table, std::string name, const Records& records, Get get) {
  std::vector<double> values;
  for (const auto& [id, record] : records) {
    for (const train::EpochRecord& epoch : record.history) {
      values.push_back(get(record.trial.cell, epoch));
    }
  }
  add(table, std::move(name), std::move(values));
}

Section history_section(const Search& search, const Records& records) {
  Section section{"/history", {}, {}, false};
  using E = const train::EpochRecord&;
  std::vector<int32_t> trials;
  std::vector<int64_t> epochs;
  for (const auto& [id, record] : records) {
    for (E epoch : record.history) {
      trials.push_back(id);
      epochs.push_back(epoch.epoch);
    }
  }
  Table& table = section.table;
  add(table, "trial", std::move(trials));
  add(table, "epoch", std::move(epochs));
  const std::vector<std::string> names = score_names(search);
  for (const std::string& name : names) {
    const NamedScore score(search, name);
    add_of_epochs(table, name, records,
                  [&](int32_t cell, E epoch) { return score.of(cell, epoch.training); });
  }
  for (const std::string& name : names) {
    const NamedScore score(search, name);
    add_of_epochs(table, "val_" + name, records,
                  [&](int32_t cell, E epoch) { return score.of(cell, epoch.validation); });
  }
  add_of_epochs(table, "seconds", records, [](int32_t, E epoch) { return epoch.seconds; });
  return section;
}

void add_folds(const Search& search, store::ResultsFile& file) {
  for (size_t f = 0; f < search.folds.size(); ++f) {
    Section section{fmt::format("/folds/{}", f), {}, {}, true};
    add(section.table, "train", search.folds[f].train);
    add(section.table, "test", search.folds[f].test);
    file.sections.push_back(std::move(section));
  }
}

Section dataset_section(const std::string& path, const data::Dataset& dataset) {
  Section section{path, {}, {}, false};
  section.attributes = {{"name", dataset.name},
                        {"sha256", dataset.sha256},
                        {"rows", dataset.rows},
                        {"features", dataset.width()}};
  if (!dataset.is_classification() || dataset.labels_are_words()) return section;
  std::vector<int64_t> counts(dataset.class_names.size(), 0);
  for (int64_t i = 0; i < dataset.rows * dataset.label_width; ++i)
    ++counts[static_cast<size_t>(dataset.classes[i])];
  add(section.table, "class", dataset.class_names);
  add(section.table, "count", std::move(counts));
  return section;
}

void add_best(const Search& search, const Records& records, int32_t best,
              store::Attributes& attributes) {
  if (best < 0) return;
  const ScoreTable table = score_table(search, records, *search.spec.scoring);
  attributes.emplace_back("best_cell", int64_t{best});
  attributes.emplace_back("best_params", params_text(search.cells[size_t(best)]));
  attributes.emplace_back("best_score", table.mean[size_t(best)]);
}

void add_test_scores(const Search& search, const Records& records, store::Attributes& attributes) {
  const auto refit = records.find(static_cast<int32_t>(search.trials.size()));
  if (refit == records.end() || search.hold_out.test.empty()) return;
  const Cell& cell = search.cells[static_cast<size_t>(refit->second.trial.cell)];
  const std::vector<std::string> names = train::score_names(cell.spec);
  for (size_t i = 0; i < names.size(); ++i) {
    if (i >= refit->second.test.size()) break;
    attributes.emplace_back("test_" + names[i], refit->second.test[i]);
  }
}

}  // namespace

store::ResultsFile make_results(const Search& search, const Records& records,
                                const DeviceSamples& samples, const RunFacts& facts) {
  store::ResultsFile file;
  const int32_t best = search.folds.empty() ? -1 : best_cell(search, records);
  file.attributes = {{"schema", kSchema},
                     {"name", search.spec.name},
                     {"mlrun_version", facts.version},
                     {"git_revision", facts.git_revision},
                     {"libraries", facts.libraries},
                     {"devices", facts.devices},
                     {"command_line", facts.command_line},
                     {"seed", search.spec.seed},
                     {"created", facts.created},
                     {"status", std::string(facts.complete ? "complete" : "partial")},
                     {"host", facts.host},
                     {"workers", int64_t{facts.workers}},
                     {"threads", int64_t{facts.threads}},
                     {"scoring", *search.spec.scoring},
                     {"identity", search.identity}};
  add_best(search, records, best, file.attributes);
  add_test_scores(search, records, file.attributes);
  file.texts = {{"/config", search.config}};
  file.sections.push_back(dataset_section("/dataset", search.dataset));
  for (const auto& [name, dataset] : search.dataset.outputs) {
    file.sections.push_back(dataset_section("/dataset/" + name, *dataset));
  }
  file.sections.push_back(cells_section(search, records));
  file.sections.push_back(trials_section(search, records));
  file.sections.push_back(history_section(search, records));
  add_folds(search, file);
  if (!samples.empty()) file.sections.push_back(devices_section(samples));
  if (search.spec.predictions != config::KeepPredictions::kNone) {
    file.sections.push_back(predictions_section(search, records, best));
  }
  return file;
}

store::Table ranking_table(const Search& search, const Records& records) {
  const ScoreTable scores = score_table(search, records, *search.spec.scoring);
  std::vector<size_t> order(search.cells.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores.rank[a] < scores.rank[b]; });
  std::vector<int32_t> ranks, cells;
  std::vector<std::string> params;
  std::vector<double> mean, std;
  std::vector<int64_t> parameters;
  for (const size_t c : order) {
    ranks.push_back(scores.rank[c]);
    cells.push_back(static_cast<int32_t>(c));
    params.push_back(describe_params(search.cells[c]));
    mean.push_back(scores.mean[c]);
    std.push_back(scores.std[c]);
    parameters.push_back(search.cells[c].model.parameters);
  }
  Table table;
  add(table, "rank", std::move(ranks));
  add(table, "cell", std::move(cells));
  add(table, "mean_test_" + scores.name, std::move(mean));
  add(table, "std_test_" + scores.name, std::move(std));
  add(table, "parameters", std::move(parameters));
  add(table, "params", std::move(params));
  return table;
}

}  // namespace mlrun::trials
