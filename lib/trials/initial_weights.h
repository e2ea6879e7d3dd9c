// The model files that trainings start from.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "store/model_file.h"
#include "train/initial_weights.h"

namespace mlrun::trials {

/// Each file is read once, whatever the number of cells.
class WeightFiles {
 public:
  /// Paths are relative to `base`, and may hold variables.
  explicit WeightFiles(std::filesystem::path base) : base_(std::move(base)) {}

  /// The file of spec.initial_weights; null where none is named, or where it is no model, which is
  /// an error at its mark.
  std::shared_ptr<const store::ModelFile> open(const config::TrainSpec& spec,
                                               Diagnostics& diagnostics);

  /// SHA-256 of the weights of all files that were opened; empty when there are none. That of a
  /// file is not used: HDF5 writes the time into it.
  std::string digest() const;

  /// Of those that were opened.
  std::vector<std::filesystem::path> paths() const;

 private:
  std::filesystem::path base_;
  std::map<std::filesystem::path, std::shared_ptr<const store::ModelFile>> files_;
};

/// "initial weights: 2 of 4 taken" and which, a line each.
std::string describe(const train::TakeOver& start);

}  // namespace mlrun::trials
