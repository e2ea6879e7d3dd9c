// mlrun check
#include <fmt/format.h>

#include <algorithm>

#include "command.h"
#include "device/budget.h"
#include "train/structure.h"
#include "trials/fleet.h"
#include "trials/initial_weights.h"
#include "trials/precisions.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

using trials::Search;

std::string readable_bytes(int64_t bytes) {
  const auto value = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", value / 1024);
  return fmt::format("{:.1f} MiB", value / (1024 * 1024));
}

// Of one graph a step computes all nodes, however few a batch holds.
const char* unit_of_work(const Search& search) {
  return search.dataset.is_one_graph() ? "step" : "sample";
}

store::Table layer_table(const train::ModelReport& model, const char* unit) {
  std::vector<std::string> names, types, outputs;
  std::vector<int64_t> parameters, flops;
  for (const nn::LayerSummary& layer : model.layers) {
    names.push_back(layer.name);
    types.push_back(layer.type);
    outputs.push_back(layer.output.to_string());
    parameters.push_back(layer.parameters);
    flops.push_back(static_cast<int64_t>(layer.flops));
  }
  return {{{"layer", names},
           {"type", types},
           {"output", outputs},
           {"parameters", parameters},
           {fmt::format("FLOPs/{}", unit), flops}}};
}

std::string describe_target(const data::Dataset& data) {
  if (!data.is_classification()) return fmt::format("{} target(s)", data.target_width());
  const std::vector<std::string>& names = data.class_names;
  return fmt::format("{} classes{}", names.size(),
                     names.size() == 2 ? fmt::format(" (positive: '{}')", names.back()) : "");
}

void print_trials(const Search& search) {
  fmt::print("trials: {}\n", trials::describe_trials(search));
  if (search.cells.size() < 2) return;
  const auto by_size = [](const trials::Cell& a, const trials::Cell& b) {
    return a.model.parameters < b.model.parameters;
  };
  const auto [least, most] = std::minmax_element(search.cells.begin(), search.cells.end(), by_size);
  fmt::print("cells have {} to {} parameters\n", least->model.parameters, most->model.parameters);
}

struct CheckArguments {
  ExperimentArguments experiment;
  GpusArgument gpus;
};

int run(const CheckArguments& arguments) {
  const ExperimentArguments& args = arguments.experiment;
  const std::vector<device::Gpu> gpus = arguments.gpus.chosen();
  trials::SearchOptions options{
      {args.file, args.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  options.grid_if_any = true;
  const Search search = trials::prepare_search(options);
  note_environment(search);
  note_doubts(search);
  fmt::print("{}\n", search.config);
  const train::ModelReport& model = search.cells.front().model;
  const data::Dataset& data = search.dataset;
  fmt::print("data: {} rows, {} features, {}; {} training rows, {} held out\n", data.rows,
             data.width(), describe_target(data), search.hold_out.train.size(),
             search.hold_out.test.size());
  fmt::print("model: input {}\n", model.input.to_string());
  const char* unit = unit_of_work(search);
  print_table(layer_table(model, unit), Format::kTable);
  fmt::print("parameters: {} ({} trainable), {} with optimizer state\n", model.parameters,
             model.trainable, readable_bytes(model.variable_bytes));
  const int64_t batch = train::batch_rows(data, search.cells.front().spec.train);
  const int64_t samples = search.dataset.is_one_graph() ? batch : 1;
  fmt::print("FLOPs per {}: {:.0f} forward, {:.0f} in training\n", unit, model.flops_per_sample,
             model.training_flops_per_sample * static_cast<double>(samples));
  fmt::print("memory of a batch of {}: {} ({} without sharing)\n", batch,
             readable_bytes(model.batch_bytes), readable_bytes(model.unshared_bytes));
  for (const std::string& text : model.notes) fmt::print("{}\n", text);
  if (model.start) fmt::print("{}", trials::describe(*model.start));
  for (const std::string& text : trials::describe_precisions(search, gpus)) {
    fmt::print("matrix products of dense layers: {}\n", text);
  }
  print_trials(search);
  fmt::print("devices: {}\n",
             trials::describe(trials::make_fleet(search, device::find_budget(), -1, gpus)));
  return kSuccess;
}

}  // namespace

void add_check_command(CommandLine& line) {
  auto args = std::make_shared<CheckArguments>();
  Verb verb = line.program().add_verb(
      "check", "Print the resolved experiment, its layers, memory and trials");
  args->experiment.add_to(verb);
  args->gpus.add_to(verb);
  verb.runs([args] { return run(*args); });
}

}  // namespace mlrun::app
