// What the verbs that continue from a trained model begin with.
#pragma once

#include <filesystem>

#include "command.h"
#include "store/model_file.h"
#include "train/fit.h"
#include "trials/search.h"

namespace mlrun::app {

struct Trained {
  trials::Search search;
  std::filesystem::path path;  ///< of the model
  store::ModelFile model;
};

/// Says so where the model file's model and training are not those of the experiment file: of the
/// winner of a search, or of a training with settings on the command line.
void note_settings_of_model(const trials::Search& search, const ExperimentArguments& experiment,
                            const std::filesystem::path& model);

/// Throws InputError if the model was not trained by this experiment, its grid included.
Trained open_trained(const ExperimentArguments& experiment, const ModelArgument& model);

/// What the model was trained on. Refers to `trained`.
train::FitInput input_of(const Trained& trained, int threads);

}  // namespace mlrun::app
