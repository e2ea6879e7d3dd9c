#include "trained.h"

#include <fmt/format.h>

#include "base/error.h"
#include "config/load.h"
#include "train/fitting_rows.h"

namespace mlrun::app {
namespace {

// Which say nothing about a model.
std::string without_threads(std::string config) {
  const size_t line = config.find("\nthreads:");
  if (line != std::string::npos) config.erase(line, config.find('\n', line + 1) - line);
  return config;
}

}  // namespace

void note_settings_of_model(const trials::Search& search, const ExperimentArguments& experiment,
                            const std::filesystem::path& model) {
  if (search.is_as_written) return;
  note(fmt::format("model and train are those of '{}', which are not as in '{}'\n", model.string(),
                   experiment.file));
}

Trained open_trained(const ExperimentArguments& experiment, const ModelArgument& model) {
  Trained trained;
  trials::SearchOptions options{
      {experiment.file, experiment.all_overrides(), ExperimentArguments::environment()},
      trials::SearchKind::kTrain,
      {}};
  options.of_model = [&](const config::ExperimentSpec& spec) {
    trained.path = model.file(spec.name);
    trained.model = store::read_model(trained.path);
    return trials::TrainedModel{trained.path, trained.model.config, {}, {}};
  };
  trained.search = trials::prepare_search(options);
  const std::string here = config::dump_experiment(trained.search.cells[0].spec);
  if (without_threads(trained.model.config) != without_threads(here)) {
    throw InputError(fmt::format("the model '{}' is of another experiment", trained.path.string()));
  }
  note_settings_of_model(trained.search, experiment, trained.path);
  return trained;
}

train::FitInput input_of(const Trained& trained, int threads) {
  return {.spec = trained.search.cells[0].spec,
          .dataset = trained.search.dataset,
          .train_rows = trained.search.hold_out.train,
          .cell = train::cell_of(trained.model),
          .fold = train::kRefitFold,
          .threads = threads};
}

}  // namespace mlrun::app
