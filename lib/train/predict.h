// A trained model on data: predictions, the output of any layer, or samples of a generative model.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
#include "ops/cpu_kernels.h"
#include "tensor/shape.h"

namespace mlrun::train {

struct PredictInput {
  const config::ExperimentSpec& spec;
  const data::Dataset& dataset;
  /// Of documents and of links the training rows, on which tokens and known links depend.
  std::span<const int64_t> train_rows;
  std::filesystem::path model;   ///< model.h5 of a run
  std::filesystem::path output;  ///< HDF5 file to be written
  std::string layer;             ///< whose output is wanted; empty: the predictions
  int64_t samples = 0;           ///< make this many instead; 0: none
  int threads = 1;
  graph::BackendFactory backend = ops::cpu_backend;
};

/// An array of the file.
struct WrittenArray {
  std::string name;
  Shape shape;
};

/// On the data that the model was trained on, or on others with the same columns; their targets may
/// be missing. Features are transformed as in the training.
///
/// Writes one row for each row of the data, in its order (for samples: for each sample; for layers
/// at the nodes of one graph: for each node), and beside it `label` (the class as text) or
/// `target`, where the data has one. Throws InputError when the layer is not there, a feature is no
/// row of the table it is looked up in, or samples are wanted of a model that makes none; Error
/// when the model file is of another model. Of a model with several outputs there is an array for
/// each.
std::vector<WrittenArray> predict(const PredictInput& input);

}  // namespace mlrun::train
