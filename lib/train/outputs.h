// Further outputs of a model: each with a loss, something that it is compared with, and scores.
#pragma once

#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "data/open.h"
#include "nn/losses.h"
#include "nn/model.h"

namespace mlrun::train {

struct Output {
  std::string name;  ///< of the layer
  const config::OutputSpec* spec = nullptr;
  const data::Dataset* dataset = nullptr;         ///< whose target it is compared with
  nn::TargetKind kind = nn::TargetKind::kValues;  ///< kNone: with the sample itself
  int64_t width = 1;                              ///< predictions of a row

  const nn::Loss& loss() const { return spec->loss.as<nn::Loss>(); }
};

/// What it wants as its target: what its loss wants, unless that is the sample.
nn::TargetKind target_kind(const config::OutputSpec& spec);

/// In the order of the file. They point into `spec` and `dataset`.
std::vector<Output> further_outputs(const config::ExperimentSpec& spec,
                                    const data::Dataset& dataset);

/// Columns of all of them in a row of predictions: they stand behind those of the last layer.
int64_t total_width(const std::vector<Output>& outputs);

/// The layers that build_model() is to hand out.
std::vector<nn::WantedLayer> wanted_layers(const config::TrainSpec& spec);

/// What the data set has to hold besides its target.
std::vector<data::OutputColumns> output_columns(const config::TrainSpec& spec);

/// "mass_loss": Keras' name of an output's loss.
std::string loss_name(const std::string& output);

/// "mass_mae".
std::string metric_name(const std::string& output, const std::string& metric);

}  // namespace mlrun::train
