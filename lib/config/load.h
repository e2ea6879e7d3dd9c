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

/// A setting of the environment or the command line.
struct Override {
  std::string written;  ///< its path, as the user has it
  std::string path;     ///< with all names, see set_path(); "" where there is no such setting
  Node value;
  Mark mark;
};

/// An experiment, not yet read.
struct ExperimentTree {
  Node root;                        ///< all merged
  std::vector<Override> overrides;  ///< that are in it, the later ones win
};

/// Reads and merges. Throws InputError if the file cannot be read; the rest goes to the reader.
ExperimentTree load_tree(const ExperimentSource& source, Reader& reader);

/// The settings that environment variables have the last word on: "MLRUN_SEED=2".
std::vector<std::string> taken_from_environment(const ExperimentTree& tree);

/// The spec of a merged tree, with positions of what later checks point at. `default_name` is used
/// when the file gives none.
ExperimentSpec read_experiment(const Node& tree, const std::string& default_name, Reader& reader);

/// The resolved experiment: every default filled in.
std::string dump_experiment(const ExperimentSpec& spec);

}  // namespace mlrun::config
