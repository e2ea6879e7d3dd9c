// mlrun predict
#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "command.h"
#include "device/budget.h"
#include "train/predict.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

struct Arguments {
  ExperimentArguments experiment;
  std::string model;
  std::string output;
  std::string layer;
  int64_t samples = 0;
};

int run(const Arguments& args) {
  trials::SearchOptions search_options{
      {args.experiment.file, args.experiment.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  search_options.needs_target = false;
  const trials::Search search = trials::prepare_search(search_options);
  const std::filesystem::path model =
      args.model.empty() ? "results/" + search.spec.name + "/model.h5" : args.model;
  if (!std::filesystem::exists(model)) {
    throw InputError(
        fmt::format("no model '{}': train it first, or name one with --model", model.string()));
  }
  const train::PredictReport report =
      train::predict({.spec = search.cells.at(0).spec,
                      .dataset = search.dataset,
                      .train_rows = search.hold_out.train,
                      .model = model,
                      .output = args.output,
                      .layer = args.layer,
                      .samples = args.samples,
                      .threads = search.threads(device::find_budget().core_count())});
  fmt::print("{} {} in {}\n", report.array, report.shape.to_string(), args.output);
  return kSuccess;
}

}  // namespace

void add_predict_command(CLI::App& app, Invocation& invocation) {
  auto args = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand(
      "predict", "Write what a trained model says of its data, or samples that it makes");
  args->experiment.add_to(*command);
  command->add_option("--model", args->model, "model file; default: results/<name>/model.h5");
  command->add_option("-o,--output", args->output, "HDF5 file to be written")->required();
  command->add_option("--layer", args->layer, "write this layer's output instead");
  command->add_option("--samples", args->samples, "make so many samples instead")
      ->check(CLI::PositiveNumber);
  command->callback([args, &invocation] { invocation.action = [args] { return run(*args); }; });
}

}  // namespace mlrun::app
