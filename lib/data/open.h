// From a DatasetSpec to a Dataset: find the source, import it once, map the cache.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/source.h"
#include "config/experiment.h"
#include "data/dataset.h"

namespace mlrun::data {

/// Columns that a further output of the model is compared with.
struct OutputColumns {
  std::string name;
  std::vector<std::string> columns;
  bool classify = false;
  Mark mark;
  config::KeyMarks marks;

  std::string setting() const { return "train.outputs." + name + ".columns"; }
};

struct OpenOptions {
  std::filesystem::path base;    ///< folder of the experiment file; relative paths start here
  std::filesystem::path cache;   ///< folder of the cache files; empty: default_cache()
  bool classify = false;         ///< the loss wants classes: numeric targets become classes
  bool optional = false;         ///< but there may be none, or none that are classes
  bool may_lack_target = false;  ///< the columns of targets may be absent: rows to be predicted
  int64_t seed = 0;              ///< of generators
  int threads = 0;               ///< of the import; 0: one for each core
  /// Features as a model knows them, see trained_columns(): a table's are read as these. Those of
  /// the same names come in this order; which are text is not told from the file.
  std::vector<Column> trained;
  std::vector<std::string> trained_classes;  ///< of the target, as a model knows them
  std::vector<OutputColumns> outputs;
  /// The model whose tokens a text or documents have, whatever the spec says; empty: as it says.
  /// Translations learn theirs all the same.
  std::filesystem::path tokens_of;
};

/// $MLRUN_CACHE, else $XDG_CACHE_HOME/mlrun, else ~/.cache/mlrun.
std::filesystem::path default_cache();

/// Imports on the first call, maps the cache file on later ones (the key is the source's path,
/// size, times of modification and change (stat(2)) and every import field of the spec). Throws
/// InputError that names file, line and column (bad content), or the spec's position (unknown
/// source).
Dataset open_dataset(const config::DatasetSpec& spec, const OpenOptions& options);

/// The catalog of generators (make_moons, make_classification, ...).
const config::Catalog& generator_catalog();

}  // namespace mlrun::data
