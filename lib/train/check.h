// Does the experiment make sense with its data, before anything is trained?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "nn/model.h"
#include "store/model_file.h"
#include "train/initial_weights.h"

namespace mlrun::train {

/// What is known of a model before launch.
struct ModelReport {
  Shape input;
  std::vector<nn::LayerSummary> layers;
  int64_t parameters = 0;
  int64_t trainable = 0;
  double flops_per_sample = 0;           ///< forward
  double training_flops_per_sample = 0;  ///< forward, backward and update
  int64_t batch_bytes = 0;               ///< planned memory of a training step at the batch size
  int64_t unshared_bytes = 0;            ///< the same if no two values shared memory
  int64_t gpu_batch_bytes = 0;           ///< batch_bytes on a GPU
  int64_t scoring_bytes = 0;             ///< besides, at most: what scoring takes
  int64_t gpu_data_bytes = 0;            ///< the data set on a GPU, as the model sees it
  int64_t variable_bytes = 0;            ///< weights, state and optimiser slots
  std::optional<TakeOver> start;         ///< of the weights of another training, if it has any
  std::vector<std::string> notes;        ///< what the model does that may not be meant
};

/// Everything that can be said without data: monitors, metrics against the loss, scoring.
/// Fills in what depends on other fields (the validation split that early stopping needs, the loss
/// scale of float16).
void check_training(config::ExperimentSpec& spec, Diagnostics& diagnostics);

/// Builds and plans the model for this data; layers that do not fit, an output that does not match
/// the target, features that are no rows of the table they are looked up in, class weights of
/// unknown classes, early stopping by a validation that there is not, and initial weights (null:
/// none) of another model go to `diagnostics`.
ModelReport check_model(const config::ExperimentSpec& spec, const data::Dataset& dataset,
                        const store::ModelFile* initial_weights, Diagnostics& diagnostics);

}  // namespace mlrun::train
