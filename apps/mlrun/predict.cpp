// mlrun predict
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "command.h"
#include "data/transform.h"
#include "device/budget.h"
#include "store/model_file.h"
#include "train/feed.h"
#include "train/predict.h"
#include "trained.h"
#include "trials/search.h"

namespace mlrun::app {
namespace {

struct PredictArguments {
  ExperimentArguments experiment;
  ModelArgument model;
  std::string output;
  std::string layer;
  int64_t samples = 0;
};

// Beside the model, after what it holds; a layer may be called 'model' or 'results'.
std::filesystem::path default_output(const PredictArguments& args,
                                     const std::filesystem::path& model) {
  std::string name = args.samples > 0 ? "samples" : "predictions";
  if (!args.layer.empty()) {
    name = "layer-" + args.layer;
    std::replace(name.begin(), name.end(), '/', '-');
  }
  return model.parent_path() / (name + ".h5");
}

int run(const PredictArguments& args) {
  trials::SearchOptions search_options{
      {args.experiment.file, args.experiment.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  search_options.needs_target = false;
  std::filesystem::path model;
  search_options.of_model = [&](const config::ExperimentSpec& spec) {
    model = args.model.file(spec.name);
    const store::ModelFile file = store::read_model(model);
    return trials::TrainedModel{model, file.config,
                                data::trained_columns(file, spec.dataset.rescale),
                                train::trained_classes(file), !file.vocabulary.empty()};
  };
  const trials::Search search = trials::prepare_search(search_options);
  note_settings_of_model(search, args.experiment, model);
  const std::filesystem::path output = output_file(
      args.output.empty() ? default_output(args, model) : std::filesystem::path(args.output));
  const std::vector<train::WrittenArray> arrays =
      train::predict({.spec = search.cells.at(0).spec,
                      .dataset = search.dataset,
                      .train_rows = search.hold_out.train,
                      .model = model,
                      .output = output,
                      .layer = args.layer,
                      .samples = args.samples,
                      .threads = search.threads(device::find_budget().core_count())});
  for (const train::WrittenArray& array : arrays) {
    fmt::print("{} {} in {}\n", array.name, array.shape.to_string(), output.string());
  }
  return kSuccess;
}

}  // namespace

void add_predict_command(CommandLine& line) {
  auto args = std::make_shared<PredictArguments>();
  Verb verb = line.program().add_verb(
      "predict", "Write what a trained model says of its data, or samples that it makes");
  args->experiment.add_to(verb);
  args->model.add_to(verb);
  verb.add_option("-o,--output", args->output, "HDF5 file to be written; default: beside the model")
      .shown_as("FILE");
  verb.add_option("--layer", args->layer, "write this layer's output instead").shown_as("NAME");
  verb.add_option("--samples", args->samples, "make so many samples instead")
      .check(whole_number(1))
      .shown_as("N");
  verb.runs([args] { return run(*args); });
}

}  // namespace mlrun::app
