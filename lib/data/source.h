// What a DatasetSpec's `source` stands for: files, and how to read them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/experiment.h"
#include "data/open.h"

namespace mlrun::data {

struct SourceFile {
  std::filesystem::path path;
  std::string sha256;  ///< as a manifest promises it, or empty
};

/// The spec's own settings win over the manifest's.
struct Source {
  std::string name;
  config::FileFormat format = config::FileFormat::kCsv;  ///< never kAuto
  std::vector<SourceFile> train;           ///< one after the other; IDX: images, labels
  std::vector<SourceFile> test;            ///< the source's own test part
  std::optional<SourceFile> translations;  ///< of parallel text, line by line
  int64_t test_rows = 0;                   ///< or: this many rows at the end
  std::vector<std::string> column_names;   ///< of a file without a header
  std::vector<int64_t> shape;              ///< of one sample, if the manifest knows it
  config::DatasetSpec spec;
  std::shared_ptr<const Tokens> tokens;  ///< of text and documents
  bool classify = false;                 ///< the target becomes classes
  bool target_only = false;              ///< no column is a feature, the target is outputs' one
  std::vector<OutputColumns> outputs;    ///< see OpenOptions; their columns are in spec.ignore
  bool may_lack_target = false;          ///< columns that are no features may be absent
  std::vector<Column> trained;           ///< features as a model knows them; empty: there is none
  std::vector<std::string> trained_classes;  ///< likewise, of the target
  bool holds_classes = false;  ///< the manifest says that the target is one of classes
  int threads = 0;
};

/// A path (it holds a slash, a variable, or a known file ending) is relative to `options.base`.
/// Any other word names a manifest. Throws InputError at spec.source_mark if there is no such file,
/// with the places where it was looked for and, for a manifest, how to get the data.
Source find_source(const config::DatasetSpec& spec, const OpenOptions& options);

/// The cache file of a source, whether it is there or not.
std::filesystem::path cache_path(const Source& source, const OpenOptions& options);

/// Imports the source unless its cache is there, and maps the cache.
Dataset open_source(const Source& source, const OpenOptions& options);

}  // namespace mlrun::data
