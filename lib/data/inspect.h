// What `mlrun data` shows: the data sets that are known, and what is in one.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/column_statistics.h"
#include "data/manifest.h"
#include "data/open.h"
#include "data/source.h"

namespace mlrun::data {

struct KnownDataset {
  std::string name;
  std::string description;
  std::string licence;
  std::string manifest;              ///< path
  std::vector<std::string> missing;  ///< files that are not on this machine
  std::string how_to_get;            ///< package or address

  bool present() const { return missing.empty(); }
};

/// Whether the files of each are here, for an experiment in `base`.
std::vector<KnownDataset> known_datasets(const Manifests& manifests,
                                         const std::filesystem::path& base);

struct ColumnReport {
  std::string name;
  std::string kind;  ///< "number", "text", "bytes": all of an image in one report, or "words"
  int64_t missing = 0;
  size_t classes = 0;           ///< of a text column; distinct words
  ColumnStatistics statistics;  ///< of a number; of the number of words
};

struct ClassReport {
  std::string name;
  int64_t rows = 0;
};

struct Inspection {
  std::string name;
  std::string sha256;
  std::string cache;  ///< path
  int64_t rows = 0;
  int64_t width = 0;      ///< features of a row
  int64_t test_rows = 0;  ///< of the source's own test part
  std::vector<std::string> targets;
  std::vector<ColumnReport> columns;
  std::vector<ClassReport> classes;
};

/// Imports if needed. Classes are read as such if the manifest says so, or if options.classify.
/// Statistics are of all rows; left out (with the columns) unless `with_columns`. Of documents and
/// texts (spec.format) the words are counted, as the tokens `words` split them.
Inspection inspect(const config::DatasetSpec& spec, const OpenOptions& options, bool with_columns);

}  // namespace mlrun::data
