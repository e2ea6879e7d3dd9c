// mlrun scale
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "command.h"
#include "device/budget.h"
#include "scale/run.h"
#include "trials/interrupt.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

using scale::Curve;
using scale::StudyOptions;

struct ScaleArguments {
  ExperimentArguments experiment;
  std::string output;
  std::vector<std::string> over;
  GpusArgument gpus;
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

void add_options(Verb& verb, ScaleArguments& args) {
  args.experiment.add_to(verb);
  verb.add_option("-o,--output", args.output, "folder of the results; default results/<name>-scale")
      .shown_as("DIR");
  verb.add_option(
          "--over", args.over,
          "workers (trainings side by side), threads (inside one), gpus, streams (trainings "
          "at a time on a GPU), stack (trainings as one); default workers,threads, with "
          "--gpus gpus,streams")
      .separated_by_commas()
      .check(one_of({"workers", "threads", "gpus", "streams", "stack"}))
      .shown_as("LIST");
  verb.add_option("--mode", args.modes, "strong (same work), weak (work in proportion)")
      .separated_by_commas()
      .check(one_of({"strong", "weak"}))
      .shown_as("LIST");
  args.gpus.add_to(verb);
  verb.add_option("-p,--counts", args.counts, "how many of them (1, 2, 4, ...)")
      .separated_by_commas()
      .check(whole_number(1))
      .shown_as("LIST");
  verb.add_option("--vary", args.vary, "setting to vary, such as model.0.units=50,100,200")
      .one_value_each()
      .shown_as("KEY=LIST");
  verb.add_option("--repeats", args.repeats, "measurements of each point; default 3")
      .check(whole_number(1))
      .shown_as("N");
  verb.add_option("--tasks", args.tasks, "trainings of a strong point")
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

trials::Search prepare(const ScaleArguments& args) {
  trials::SearchOptions options{
      {args.experiment.file, args.experiment.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  if (!args.vary.empty()) {
    options.kind = trials::SearchKind::kGridSearch;
    options.grid_wins = true;
    options.source.overrides.push_back(as_grid(args.vary));
  }
  return trials::prepare_search(options);
}

std::vector<std::string> without_repeats(const std::vector<std::string>& names) {
  std::vector<std::string> once;
  for (const std::string& name : names) {
    if (std::find(once.begin(), once.end(), name) == once.end()) once.push_back(name);
  }
  return once;
}

StudyOptions study_options(const ScaleArguments& args, const trials::Search& search,
                           const scale::Limits& limits) {
  StudyOptions options;
  std::vector<std::string> over = args.over;
  if (over.empty()) {
    over = limits.gpus > 0 ? std::vector<std::string>{"gpus", "streams"}
                           : std::vector<std::string>{"workers", "threads"};
  }
  for (const std::string& name : without_repeats(over)) {
    options.axes.push_back(scale::make_axis(name, args.counts, limits));
  }
  const bool used = std::any_of(options.axes.begin(), options.axes.end(),
                                [](const auto& axis) { return scale::uses_gpu(axis.strategy); });
  if (limits.gpus > 0 && !used) {
    throw InputError(fmt::format("--gpus {}: nothing of --over {} is measured on a GPU",
                                 args.gpus.given, fmt::join(over, ",")));
  }
  options.modes.clear();
  for (const std::string& name : without_repeats(args.modes)) {
    options.modes.push_back(name == "strong" ? scale::Mode::kStrong : scale::Mode::kWeak);
  }
  options.cells = static_cast<int>(search.cells.size());
  options.repeats = args.repeats;
  options.tasks = args.tasks;
  options.seed = search.spec.seed;
  return options;
}

void print_study(const std::vector<Curve>& curves, const ScaleArguments& args) {
  print_table(scale::summary_table(curves), args.format);
  if (args.format != Format::kTable) return;
  fmt::print("\n");
  for (const std::string& line : scale::describe_fits(curves)) fmt::print("{}\n", line);
  const scale::PowerFit power = scale::fit_complexity(curves);
  if (power.determined) {
    const int tasks = curves.front().points.front().point.tasks;
    fmt::print("time of one worker{} = {:.3g} s x parameters^{:.3f} (R2 {:.3f})\n",
               tasks == 1 ? "" : fmt::format(" for {} trainings", tasks), power.factor,
               power.exponent, power.r_squared);
  }
}

int run(const ScaleArguments& args, const std::string& command_line) {
  trials::exit_on_interrupt(kInterrupted, "interrupted before anything was trained\n");
  const device::Budget budget = device::find_budget();
  const scale::Equipment equipment{.budget = budget, .gpus = args.gpus.chosen()};
  const trials::Search search = prepare(args);
  note_environment(search);
  const StudyOptions study =
      study_options(args, search, {budget.core_count(), static_cast<int>(equipment.gpus.size())});
  if (search.spec.train.early_stopping && !args.quiet) {
    note("early_stopping is left out: every training is of all its epochs\n");
  }
  scale::RunOptions options;
  options.output = args.output.empty() ? "results/" + search.spec.name + "-scale" : args.output;
  options.overwrite = args.overwrite;
  if (args.dry_run) {
    scale::check_output(search, equipment, study, options);
    fmt::print("{}: {} measurements of {} cells, into {}\n", search.spec.name,
               plan_points(study).size(), search.cells.size(), options.output.string());
    return kSuccess;
  }
  options.quiet = args.quiet;
  options.command_line = command_line;
  const scale::StudyReport report = run_study(search, equipment, study, options);
  if (!report.complete) {
    note(fmt::format(
        "interrupted; the same command goes on from here ({} of {} measurements done)\n",
        report.measurements.size(), report.points));
    return kInterrupted;
  }
  print_study(scale::make_curves(report.measurements), args);
  if (args.format == Format::kTable) fmt::print("\nresults: {}\n", report.results.string());
  return kSuccess;
}

}  // namespace

void add_scale_command(CommandLine& line) {
  auto args = std::make_shared<ScaleArguments>();
  Verb verb = line.program().add_verb(
      "scale", "Measure speedup and efficiency over workers, threads, GPUs and model size");
  add_options(verb, *args);
  verb.runs([args, &line] { return run(*args, line.text()); });
}

}  // namespace mlrun::app
