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

/// Throws InputError if the model was not trained by this experiment.
Trained open_trained(const ExperimentArguments& experiment, const ModelArgument& model);

/// What the model was trained on. Refers to `trained`.
train::FitInput input_of(const Trained& trained, int threads);

}  // namespace mlrun::app
