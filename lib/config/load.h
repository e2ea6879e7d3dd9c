// From a file, the environment and the command line to one tree, and from the tree to a spec.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/catalog.h"
#include "config/experiment.h"

namespace mlrun::config {

/// A later source wins: file, then environment, then command line.
struct ExperimentSource {
  std::filesystem::path file;
  /// "train.epochs=5", in the order of the command line.
  std::vector<std::string> overrides;
  /// "NAME=value": MLRUN_TRAIN__EPOCHS=5 sets train.epochs. A name without "__" that is no key of
  /// an experiment (MLRUN_CACHE) is somebody else's.
  std::vector<std::string> environment;
};

/// Reads and merges. Throws InputError if the file cannot be read; the rest goes to the reader.
Node load_tree(const ExperimentSource& source, Reader& reader);

/// The spec of a merged tree, with positions of what later checks point at. `default_name` is used
/// when the file gives none.
ExperimentSpec read_experiment(const Node& tree, const std::string& default_name, Reader& reader);

/// The resolved experiment: every default filled in.
std::string dump_experiment(const ExperimentSpec& spec);

}  // namespace mlrun::config
