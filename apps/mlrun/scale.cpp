// mlrun scale
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "command.h"
#include "device/budget.h"
#include "scale/run.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

using scale::Curve;
using scale::StudyOptions;

struct Arguments {
  ExperimentArguments experiment;
  std::string output;
  std::vector<std::string> over = {"workers", "threads"};
  std::vector<std::string> modes = {"strong", "weak"};
  std::vector<int> counts;
  std::vector<std::string> vary;
  int repeats = 3;
  int tasks = 0;
  bool overwrite = false;
  bool dry_run = false;
  Format format = Format::kTable;
  bool quiet = false;
};

void add_options(Verb& verb, Arguments& args) {
  args.experiment.add_to(verb);
  verb.add_option("-o,--output", args.output, "folder of the results; default results/<name>-scale")
      .shown_as("DIR");
  verb.add_option("--over", args.over, "workers (trainings side by side), threads (inside one)")
      .separated_by_commas()
      .check(one_of({"workers", "threads"}))
      .shown_as("LIST");
  verb.add_option("--mode", args.modes, "strong (same work), weak (work in proportion)")
      .separated_by_commas()
      .check(one_of({"strong", "weak"}))
      .shown_as("LIST");
  verb.add_option("-p,--counts", args.counts, "numbers of workers or threads (1, 2, 4, ...)")
      .separated_by_commas()
      .check(whole_number(1))
      .shown_as("LIST");
  verb.add_option("--vary", args.vary, "setting to vary, such as model.0.units=50,100,200")
      .one_value_each()
      .shown_as("KEY=LIST");
  verb.add_option("--repeats", args.repeats, "measurements of each point; default 3")
      .check(whole_number(1))
      .shown_as("N");
  verb.add_option("--tasks", args.tasks, "trainings of a strong point over workers")
      .check(whole_number(1))
      .shown_as("N");
  verb.add_flag("--overwrite", args.overwrite, "replace the results in the folder");
  verb.add_flag("--dry-run", args.dry_run, "check everything, say what would be measured");
  add_format_option(verb, args.format);
  verb.add_flag("-q,--quiet", args.quiet, "no progress");
}

// model.0.units=50,100 as a grid of one axis.
std::string as_grid(const std::vector<std::string>& vary) {
  std::string axes;
  for (const std::string& one : vary) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == one.size()) {
      throw InputError(fmt::format("--vary '{}' is not written key.sub=value,value", one));
    }
    axes += fmt::format("{}{}: [{}]", axes.empty() ? "" : ", ", one.substr(0, equals),
                        one.substr(equals + 1));
  }
  return "param_grid={" + axes + "}";
}

trials::Search prepare(const Arguments& args) {
  trials::SearchOptions options{
      {args.experiment.file, args.experiment.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  if (!args.vary.empty()) {
    options.kind = trials::SearchKind::kGridSearch;
    options.source.overrides.push_back(as_grid(args.vary));
  }
  return trials::prepare_search(options);
}

StudyOptions study_options(const Arguments& args, const trials::Search& search, int cores) {
  StudyOptions options;
  options.strategies.clear();
  for (const std::string& name : args.over) {
    options.strategies.push_back(name == "workers" ? scale::Strategy::kWorkers
                                                   : scale::Strategy::kThreads);
  }
  options.modes.clear();
  for (const std::string& name : args.modes) {
    options.modes.push_back(name == "strong" ? scale::Mode::kStrong : scale::Mode::kWeak);
  }
  options.counts = args.counts;
  if (options.counts.empty()) {
    for (int count = 1; count < cores; count *= 2) options.counts.push_back(count);
    options.counts.push_back(cores);
  }
  options.counts.push_back(1);
  std::sort(options.counts.begin(), options.counts.end());
  options.counts.erase(std::unique(options.counts.begin(), options.counts.end()),
                       options.counts.end());
  if (options.counts.back() > cores) {
    throw InputError(fmt::format("{} workers or threads exceed the budget of {} cores",
                                 options.counts.back(), cores));
  }
  options.cells = static_cast<int>(search.cells.size());
  options.repeats = args.repeats;
  options.tasks = args.tasks;
  options.seed = search.spec.seed;
  return options;
}

void print_study(const std::vector<Curve>& curves, const Arguments& args) {
  print_table(scale::summary_table(curves), args.format);
  if (args.format != Format::kTable) return;
  fmt::print("\n");
  for (const std::string& line : scale::describe_fits(curves)) fmt::print("{}\n", line);
  const scale::PowerFit power = scale::fit_complexity(curves);
  if (power.determined) {
    fmt::print("time of one worker = {:.3g} s x parameters^{:.3f} (R2 {:.3f})\n", power.factor,
               power.exponent, power.r_squared);
  }
}

int run(const Arguments& args, const std::string& command_line) {
  const device::Budget budget = device::find_budget();
  const trials::Search search = prepare(args);
  const StudyOptions study = study_options(args, search, budget.core_count());
  scale::RunOptions options;
  options.output = args.output.empty() ? "results/" + search.spec.name + "-scale" : args.output;
  if (args.dry_run) {
    fmt::print("{}: {} measurements of {} cells, into {}\n", search.spec.name,
               plan_points(study).size(), search.cells.size(), options.output.string());
    return kSuccess;
  }
  options.overwrite = args.overwrite;
  options.quiet = args.quiet;
  options.command_line = command_line;
  const scale::StudyReport report = run_study(search, budget, study, options);
  if (!report.complete) {
    fmt::print(stderr,
               "interrupted; the same command goes on from here ({} of {} measurements done)\n",
               report.measurements.size(), report.points);
    return kInterrupted;
  }
  print_study(scale::make_curves(report.measurements), args);
  if (args.format == Format::kTable) fmt::print("\nresults: {}\n", report.results.string());
  return kSuccess;
}

}  // namespace

void add_scale_command(CommandLine& line) {
  auto args = std::make_shared<Arguments>();
  Verb verb = line.program().add_verb(
      "scale", "Measure speedup and efficiency over workers, threads and model size");
  add_options(verb, *args);
  verb.runs([args, &line] { return run(*args, line.text()); });
}

}  // namespace mlrun::app
