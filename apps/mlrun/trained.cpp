#include "trained.h"

#include <fmt/format.h>

#include "base/error.h"
#include "config/load.h"

namespace mlrun::app {

Trained open_trained(const ExperimentArguments& experiment, const ModelArgument& model) {
  Trained trained{trials::prepare_search({{experiment.file, experiment.all_overrides(),
                                           ExperimentArguments::environment()},
                                          trials::SearchKind::kTrain,
                                          {}}),
                  {},
                  {}};
  const config::ExperimentSpec& spec = trained.search.cells[0].spec;
  trained.path = model.file(spec.name);
  trained.model = store::read_model(trained.path);
  if (trained.model.config != config::dump_experiment(spec)) {
    throw InputError(fmt::format("the model '{}' is of another experiment", trained.path.string()));
  }
  return trained;
}

train::FitInput input_of(const Trained& trained, int threads) {
  return {.spec = trained.search.cells[0].spec,
          .dataset = trained.search.dataset,
          .train_rows = trained.search.hold_out.train,
          .test_rows = {},
          .cell = 0,
          .fold = static_cast<uint32_t>(trials::kRefitFold),
          .threads = threads,
          .checkpoint = {}};
}

}  // namespace mlrun::app
