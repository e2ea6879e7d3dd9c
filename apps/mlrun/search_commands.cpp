// mlrun train, mlrun gridsearch
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "base/duration.h"
#include "base/error.h"
#include "command.h"
#include "config/scalar.h"
#include "device/budget.h"
#include "profile.h"
#include "train/fit.h"
#include "train/fitting_rows.h"
#include "trials/folder.h"
#include "trials/initial_weights.h"
#include "trials/interrupt.h"
#include "trials/named_score.h"
#include "trials/precisions.h"
#include "trials/ranking.h"
#include "trials/run.h"

namespace mlrun::app {
namespace {

using trials::RunOutcome;
using trials::RunReport;
using trials::Search;
using trials::SearchKind;

struct SearchArguments {
  SearchKind kind = SearchKind::kTrain;
  ExperimentArguments experiment;
  std::string output;
  int jobs = -1;
  std::string stack = "auto";
  GpusArgument gpus;
  bool overwrite = false;
  bool dry_run = false;
  bool profile = false;
  std::string on_error = "continue";
  int retries = 1;
  std::optional<std::string> time_budget;
  Format format = Format::kTable;
  bool quiet = false;
  bool verbose = false;
};

// In seconds; 0 for no end.
double parse_time_budget(const std::string& text) {
  constexpr double kLeast = 1e-3;
  const std::optional<double> seconds = parse_duration(text);
  // What is left of a job that is about to end is 0:00, and the next one goes on.
  const bool ends_now = seconds == 0.0 && text.find(':') != std::string::npos;
  if (!seconds || (*seconds == 0 && !ends_now)) {
    throw InputError(fmt::format(
        "--time-budget '{}' is no duration such as 90s, 15m, 1h30m, or 1-12:00:00 as in Slurm",
        text));
  }
  return std::isinf(*seconds) ? 0 : std::max(*seconds, kLeast);
}

std::optional<int> parse_stack(const std::string& text) {
  if (text == "auto") return std::nullopt;
  const std::optional<int64_t> count = config::parse_int(text);
  if (!count || *count < 1 || *count > 1'000'000) {
    throw InputError(
        fmt::format("--stack '{}' is neither auto nor a whole number from 1 on", text));
  }
  return static_cast<int>(*count);
}

void add_options(Verb& verb, SearchArguments& args) {
  args.experiment.add_to(verb);
  verb.add_option("-o,--output", args.output, "folder of the results; default results/<name>")
      .or_environment("MLRUN_OUTPUT")
      .shown_as("DIR");
  verb.add_option("-j,--jobs", args.jobs, "trials side by side; default -1: as many as fit")
      .or_environment("MLRUN_JOBS")
      .check(whole_number(-1))
      .check([](const std::string& word) { return word == "0" ? "must not be 0" : ""; })
      .shown_as("N");
  args.gpus.add_to(verb);
  verb.add_option("--stack", args.stack,
                  "trials of like models that are trained as one; default auto: all that fit on a "
                  "GPU, 1 on CPUs")
      .or_environment("MLRUN_STACK")
      .shown_as("N");
  verb.add_flag("--overwrite", args.overwrite, "replace the results in the folder");
  verb.add_flag("--dry-run", args.dry_run, "check everything, say what would run");
  if (args.kind == SearchKind::kTrain) {
    verb.add_flag("--profile", args.profile, "train here, print the time of each op, no results");
  }
  verb.add_option("--on-error", args.on_error, "continue (the default) or stop at a failed trial")
      .check(one_of({"continue", "stop"}))
      .shown_as("WHAT");
  verb.add_option("--retries", args.retries, "further attempts of a trial that crashed; default 1")
      .check(whole_number(0))
      .shown_as("N");
  verb.add_option(
          "--time-budget", [&args](const std::string& text) { args.time_budget = text; },
          "stop after 90s, 15m, 1h30m, or as in Slurm 12:00:00, 1-12 (days-hours); resumable")
      .shown_as("TIME");
  add_format_option(verb, args.format);
  const Option quiet = verb.add_flag("-q,--quiet", args.quiet, "no progress");
  verb.add_flag("-v,--verbose", args.verbose, "a line per trial").excludes(quiet);
}

void print_plan(const Search& search, const trials::RunOptions& options) {
  trials::check_folder({options.output, search.identity, search.config, search.file,
                        search.initial_weights, options.overwrite});
  fmt::print("{}: {}, into {}\n", search.spec.name, trials::describe_trials(search),
             options.output.string());
  fmt::print("devices: {}\n",
             trials::describe(trials::make_fleet(search, device::find_budget(), options.jobs,
                                                 options.gpus, options.stack)));
}

// Each in the order of train::score_names().
struct Scores {
  std::vector<double> training, validation, test;
};

store::Table table_of(const Search& search, const trials::Cell& cell, const Scores& scores) {
  store::Table table;
  table.columns = {{"score", train::score_names(cell.spec)}, {"training", scores.training}};
  if (train::validates(cell.spec, search.dataset))
    table.columns.push_back({"validation", scores.validation});
  if (!search.hold_out.test.empty()) table.columns.push_back({"test", scores.test});
  return table;
}

// For programs: a single training that came to nothing has the rows of one that went well.
void print_lack_of_scores(const Search& search, Format format) {
  const trials::Cell& cell = search.cells.front();
  const std::vector<double> none(train::score_names(cell.spec).size(),
                                 std::numeric_limits<double>::quiet_NaN());
  print_table(table_of(search, cell, {none, none, none}), format);
}

// What a single training, or the final fit, came to.
void print_scores(const Search& search, const RunReport& report, Format format) {
  const auto fit = report.records.find(static_cast<int32_t>(search.trials.size()));
  if (fit == report.records.end() || fit->second.status != trials::TrialStatus::kFinished) {
    if (format != Format::kTable) print_lack_of_scores(search, format);
    return;
  }
  const trials::Cell& cell = search.cells[static_cast<size_t>(fit->second.trial.cell)];
  const std::vector<train::EpochRecord>& history = fit->second.history;
  const size_t epoch = train::epoch_of_model(cell.spec, history);
  if (format == Format::kTable) {
    const bool restored = epoch + 1 < history.size();
    const bool validates = train::validates(cell.spec, search.dataset);
    fmt::print("\n{} after {} epochs{}, {} parameters:\n",
               search.folds.empty() ? "model"
               : validates          ? "final fit of the best cell, not on the rows that validate,"
                                    : "final fit of the best cell on all training rows",
               history.size(),
               restored ? fmt::format(", restored to epoch {} (from 0)", epoch) : "",
               fit->second.parameters);
  }
  const Scores scores{history[epoch].training, history[epoch].validation, fit->second.test};
  print_table(table_of(search, cell, scores), format);
}

// As JSON and CSV one table: the ranking, or the scores of a single training.
void print_report(const Search& search, const RunReport& report, Format format) {
  if (!search.folds.empty()) print_table(trials::ranking_table(search, report.records), format);
  if (format == Format::kTable || search.folds.empty()) print_scores(search, report, format);
  if (format != Format::kTable) return;
  fmt::print("\nresults: {}\n", report.results.string());
}

void print_failures(const Search& search, const RunReport& report) {
  for (const auto& [id, record] : report.records) {
    if (record.status == trials::TrialStatus::kFinished) continue;
    const trials::Cell& cell = search.cells[static_cast<size_t>(record.trial.cell)];
    note(fmt::format("trial {} (cell {}: {}, fold {}) {}: {}\n", id, record.trial.cell,
                     trials::describe_params(cell), record.trial.fold, to_string(record.status),
                     record.message));
  }
}

// Folds in which the score that ranks is undefined, though the training went well.
std::set<int32_t> folds_without_score(const Search& search, const RunReport& report) {
  const trials::NamedScore scoring(search, *search.spec.scoring);
  std::set<int32_t> folds;
  for (const auto& [id, record] : report.records) {
    const bool finished = record.status == trials::TrialStatus::kFinished;
    const bool undefined = finished && std::isnan(scoring.of(record.trial.cell, record.test));
    if (undefined && record.trial.fold != trials::kRefitFold) folds.insert(record.trial.fold);
  }
  return folds;
}

bool lacks_best_cell(const Search& search, const RunReport& report) {
  return !search.folds.empty() && search.kind == SearchKind::kGridSearch &&
         trials::best_cell(search, report.records) < 0;
}

// "0, 1, 2, 3, 4 and 45 more"
std::string first_of(const std::set<int32_t>& numbers) {
  constexpr size_t kMostShown = 5;
  const std::vector<int32_t> all(numbers.begin(), numbers.end());
  const auto shown = std::span(all).first(std::min(all.size(), kMostShown));
  const size_t more = all.size() - shown.size();
  return fmt::format("{}{}", fmt::join(shown, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

void print_lack_of_best_cell(const Search& search, const RunReport& report) {
  const std::set<int32_t> folds = folds_without_score(search, report);
  std::string where;
  if (!folds.empty()) {
    const bool classes = search.dataset.is_classification();
    where = fmt::format("; in fold {} it is undefined: look at the {}", first_of(folds),
                        classes ? "classes of the test rows (cv.stratify, cv.shuffle)"
                                : "targets of the test rows (one row, or all alike?)");
  }
  note(fmt::format("no cell has a score ({}) in every fold, so none is the best{}{}\n",
                   *search.spec.scoring, search.has_refit() ? " and there is no final fit" : "",
                   where));
}

// Of a run that was not interrupted.
int exit_code(const Search& search, const RunReport& report) {
  if (report.outcome == RunOutcome::kStopped) return kRunFailed;
  const int64_t failures = report.failures();
  if (failures == 0) return lacks_best_cell(search, report) ? kRunFailed : kSuccess;
  return failures == static_cast<int64_t>(report.records.size()) ? kRunFailed : kSomeTrialsFailed;
}

int run(const SearchArguments& args, const std::string& command_line) {
  trials::exit_on_interrupt(kInterrupted, "interrupted before anything was trained\n");
  trials::RunOptions options;
  options.gpus = args.gpus.chosen();
  options.jobs = args.jobs;
  options.stack = parse_stack(args.stack);
  if (args.time_budget) options.time_budget = parse_time_budget(*args.time_budget);
  const Search search = trials::prepare_search(
      {{args.experiment.file, args.experiment.all_overrides(), ExperimentArguments::environment()},
       args.kind,
       {}});
  note_environment(search);
  note_doubts(search);
  for (const std::string& text : trials::describe_precisions(search, options.gpus, true)) {
    note(fmt::format("precision: {}\n", text));
  }
  const auto& start = search.cells.front().model.start;
  if (start && !args.quiet) note(trials::describe(*start));
  if (args.profile && !options.gpus.empty()) {
    throw InputError("--profile times the ops of the CPU: leave out --gpus");
  }
  if (args.profile) {
    print_profile(search, args.format);
    return kSuccess;
  }
  options.output = args.output.empty() ? "results/" + search.spec.name : args.output;
  options.overwrite = args.overwrite;
  if (args.dry_run) {
    print_plan(search, options);
    return kSuccess;
  }
  options.retries = args.retries;
  options.stop_on_error = args.on_error == "stop";
  options.verbosity = args.quiet     ? trials::Verbosity::kQuiet
                      : args.verbose ? trials::Verbosity::kVerbose
                                     : trials::Verbosity::kNormal;
  options.command_line = command_line;
  const RunReport report = trials::run_search(search, device::find_budget(), options);
  if (report.outcome == RunOutcome::kInterrupted) {
    note(fmt::format("interrupted; the same command goes on from here ({} of {} trials done)\n",
                     report.records.size(), search.trials.size() + (search.has_refit() ? 1 : 0)));
    return kInterrupted;
  }
  print_report(search, report, args.format);
  print_failures(search, report);
  if (lacks_best_cell(search, report)) print_lack_of_best_cell(search, report);
  return exit_code(search, report);
}

void add_command(CommandLine& line, SearchKind kind, const char* name, const char* help) {
  auto args = std::make_shared<SearchArguments>();
  args->kind = kind;
  Verb verb = line.program().add_verb(name, help);
  add_options(verb, *args);
  verb.runs([args, &line] { return run(*args, line.text()); });
}

}  // namespace

void add_search_commands(CommandLine& line) {
  add_command(line, SearchKind::kTrain, "train", "Train one model, or the k folds of it");
  add_command(line, SearchKind::kGridSearch, "gridsearch",
              "Search param_grid with k-fold cross-validation");
}

}  // namespace mlrun::app
