// What is known about a published data set: where it is from and how to read it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/experiment.h"

namespace mlrun::data {

/// One file, given by a path (which may hold $NAME or ${NAME}).
struct ManifestFile {
  std::string path;
  std::string sha256;  ///< empty: not known
  static const config::FieldList& fields();
};

/// datasets/README.md describes every field for those who write one.
struct Manifest {
  std::string name;
  std::string description;
  std::string homepage;
  std::string licence;
  std::optional<std::string> package;  ///< Debian package that installs the files
  std::optional<std::string> address;  ///< where else to get them
  std::string note;
  config::FileFormat format = config::FileFormat::kAuto;
  std::vector<ManifestFile> train;
  std::vector<ManifestFile> test;
  int64_t test_rows = 0;
  std::vector<std::string> columns;
  config::Header header = config::Header::kAuto;
  std::vector<std::string> target;
  bool classes = false;  ///< the target is one of classes: for `mlrun data`
  std::vector<int64_t> shape;
  std::filesystem::path path;  ///< of the manifest itself
  static const config::FieldList& fields();
};

/// Folders of manifests, in the order of the search: each of $MLRUN_DATASETS (separated by
/// colons), datasets/ in `base` and in the folders above it, the source tree's, the installed one.
std::vector<std::filesystem::path> manifest_folders(const std::filesystem::path& base);

/// Throws InputError with positions when the file is no manifest.
Manifest read_manifest(const std::filesystem::path& path);

/// A YAML file in a folder of manifests that is none: a folder above may be anybody's.
struct NoManifest {
  std::filesystem::path path;
  std::string why;  ///< with positions
};

struct Manifests {
  std::vector<Manifest> known;  ///< by name, the first found of each name
  std::vector<NoManifest> others;
};

Manifests all_manifests(const std::filesystem::path& base);

/// `text` with $NAME and ${NAME} replaced. Throws InputError at `mark` if one is not set.
std::string expand_variables(const std::string& text, const Mark& mark);

/// Where a manifest's file is: absolute, or in a folder of $MLRUN_DATA, or in `base`, or beside the
/// manifest. The first that exists; nothing if none does. `tried` gets the places.
std::optional<std::filesystem::path> find_data_file(const Manifest& manifest,
                                                    const ManifestFile& file,
                                                    const std::filesystem::path& base,
                                                    std::vector<std::string>& tried);

}  // namespace mlrun::data
