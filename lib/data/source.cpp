#include "data/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/suggest.h"
#include "data/manifest.h"
#include "data/refuse.h"
#include "data/tokens.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array kCsvEndings = {".csv", ".tsv", ".txt", ".data", ".dat"};
constexpr std::array kHdf5Endings = {".h5", ".hdf5", ".hdf"};
constexpr std::string_view kImages = "-images-idx";
constexpr std::string_view kTrainSeries = "_TRAIN.ts";

bool ends_with_any(std::string_view name, const auto& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string without_gz(const fs::path& path) {
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return name;
}

bool is_idx(const std::string& name) { return name.find("-idx") != std::string::npos; }

bool looks_like_path(const std::string& source) {
  const std::string name = without_gz(source);
  return source.find_first_of("/$") != std::string::npos || source.ends_with(".gz") ||
         is_idx(name) || ends_with_any(name, kCsvEndings) || ends_with_any(name, kHdf5Endings) ||
         name.ends_with(".ts") || name.ends_with(".bin");
}

// Of other programs' tables: said at once, instead of being read as CSV.
void refuse_foreign(const fs::path& path, const config::DatasetSpec& spec) {
  constexpr std::array kForeign = {".npz", ".npy", ".parquet", ".feather", ".xlsx",
                                   ".pkl", ".pt",  ".mat",     ".json",    ".arff"};
  if (spec.format != config::FileFormat::kAuto || !ends_with_any(without_gz(path), kForeign))
    return;
  refuse(spec, fmt::format("'{}' is of a format that is not read: write its arrays to HDF5, or its "
                           "table to CSV",
                           path.string()));
}

config::FileFormat format_of(config::FileFormat wanted, const fs::path& path) {
  if (wanted != config::FileFormat::kAuto) return wanted;
  const std::string name = without_gz(path);
  if (is_idx(name)) return config::FileFormat::kIdx;
  if (ends_with_any(name, kHdf5Endings)) return config::FileFormat::kHdf5;
  if (name.ends_with(".bin")) return config::FileFormat::kCifar;
  if (name.ends_with(".ts")) return config::FileFormat::kTs;
  if (name.ends_with("_A.txt")) return config::FileFormat::kTu;
  return config::FileFormat::kCsv;
}

// train-images-idx3-ubyte.gz -> train-labels-idx1-ubyte.gz, packed or not.
fs::path labels_beside(const fs::path& images, const config::DatasetSpec& spec) {
  const std::string name = without_gz(images);
  const size_t at = name.find(kImages);
  if (at == std::string::npos) {
    refuse(spec, fmt::format("'{}' holds no '{}3': name the file of the images", name, kImages));
  }
  const std::string labels = name.substr(0, at) + "-labels-idx1-ubyte";
  for (const char* ending : {"", ".gz"}) {
    if (const fs::path path = images.parent_path() / (labels + ending); fs::exists(path)) {
      return path;
    }
  }
  refuse(spec, fmt::format("no labels '{}[.gz]' beside '{}'", labels, images.string()));
}

// GunPoint_TRAIN.ts -> GunPoint_TEST.ts, packed or not, if it is there.
void add_series_beside(Source& source, const fs::path& train) {
  const std::string name = without_gz(train);
  if (!name.ends_with(kTrainSeries)) return;
  source.name = name.substr(0, name.size() - kTrainSeries.size());
  for (const char* ending : {"_TEST.ts", "_TEST.ts.gz"}) {
    const fs::path path = train.parent_path() / (source.name + ending);
    if (source.test.empty() && fs::exists(path)) source.test.push_back({path, {}});
  }
}

fs::path find_file(const std::string& name, const config::DatasetSpec& spec,
                   const OpenOptions& options) {
  const fs::path written = expand_variables(name, spec.source_mark);
  const fs::path path = (options.base / written).lexically_normal();
  if (!fs::exists(path)) {
    const bool is_here = written.is_relative() && fs::exists(written);
    refuse(spec, fmt::format("no such file: '{}'{}", path.string(),
                             is_here ? "; paths start at the folder of the experiment file" : ""));
  }
  if (fs::is_directory(path)) refuse(spec, fmt::format("'{}' is a folder", path.string()));
  if (!fs::is_regular_file(path)) {
    refuse(spec,
           fmt::format("'{}' is no regular file, and it is read more than once: write what it "
                       "gives to one",
                       path.string()));
  }
  return path;
}

Source from_path(const config::DatasetSpec& spec, const OpenOptions& options) {
  Source source;
  const fs::path path = find_file(*spec.source, spec, options);
  refuse_foreign(path, spec);
  source.name = fs::path(without_gz(path)).stem().string();
  source.format = format_of(spec.format, path);
  source.train.push_back({path, {}});
  if (source.format == config::FileFormat::kIdx) {
    source.train.push_back({labels_beside(path, spec), {}});
  }
  if (source.format == config::FileFormat::kTs) add_series_beside(source, path);
  source.spec = spec;
  return source;
}

// "; install the package a, or get b, and name its folder in $MLRUN_DATA"
std::string how_to_get(const Manifest& manifest) {
  std::string how;
  if (manifest.package) how += fmt::format("; install the package {}", *manifest.package);
  if (!manifest.address) return how;
  return how + fmt::format("{} get {} and name its folder in $MLRUN_DATA",
                           how.empty() ? ";" : ", or", *manifest.address);
}

std::vector<SourceFile> find_files(const Manifest& manifest, const std::vector<ManifestFile>& files,
                                   const config::DatasetSpec& spec, const fs::path& base) {
  std::vector<SourceFile> found;
  for (const ManifestFile& file : files) {
    std::vector<std::string> tried;
    const auto path = find_data_file(manifest, file, base, tried);
    if (!path) {
      refuse(spec, fmt::format("the data set '{}' is not here: no '{}'{}", manifest.name,
                               fmt::join(tried, "', no '"), how_to_get(manifest)));
    }
    found.push_back({*path, file.sha256});
  }
  return found;
}

Source from_manifest(const Manifest& manifest, const config::DatasetSpec& spec,
                     const OpenOptions& options) {
  Source source;
  source.name = manifest.name;
  source.train = find_files(manifest, manifest.train, spec, options.base);
  source.test = find_files(manifest, manifest.test, spec, options.base);
  source.test_rows = manifest.test_rows;
  source.column_names = manifest.columns;
  source.spec = spec;
  if (spec.target.empty()) source.spec.target = manifest.target;
  if (spec.header == config::Header::kAuto) source.spec.header = manifest.header;
  source.shape = manifest.shape;
  source.holds_classes = manifest.classes;
  const auto format = spec.format == config::FileFormat::kAuto ? manifest.format : spec.format;
  source.format = format_of(format, source.train.front().path);
  return source;
}

Source by_name(const config::DatasetSpec& spec, const OpenOptions& options) {
  std::vector<std::string> names;
  const Manifests all = all_manifests(options.base);
  for (const Manifest& manifest : all.known) {
    if (manifest.name == *spec.source) return from_manifest(manifest, spec, options);
    names.push_back(manifest.name);
  }
  for (const NoManifest& other : all.others) {
    if (other.path.stem() == *spec.source) throw InputError(other.why);
  }
  std::string hint = did_you_mean(*spec.source, names);
  if (hint.empty()) hint = fmt::format("; known: {}", fmt::join(names, ", "));
  refuse(spec, fmt::format("no data set '{}'{} (a path needs a '/' or an ending such as .csv)",
                           *spec.source, hint));
}

// Of one step of windows, without the past of the targets.
std::vector<Column> trained_features(const Source& source, std::vector<Column> trained) {
  if (!source.spec.window) return trained;
  const size_t channels = trained.size() / static_cast<size_t>(source.spec.window->look_back);
  const size_t targets = std::min(source.spec.target.size(), channels);
  return {trained.begin() + static_cast<std::ptrdiff_t>(targets),
          trained.begin() + static_cast<std::ptrdiff_t>(channels)};
}

}  // namespace

Source find_source(const config::DatasetSpec& spec, const OpenOptions& options) {
  Source source = looks_like_path(*spec.source) ? from_path(spec, options) : by_name(spec, options);
  source.classify = options.classify;
  const bool documents = source.format == config::FileFormat::kDocuments;
  if (documents || source.format == config::FileFormat::kText) {
    const bool of_model = !options.tokens_of.empty() && !spec.parallel;
    source.tokens = of_model ? tokens_of_model(options.tokens_of) : open_tokens(spec, options.base);
  }
  if (spec.parallel) source.translations = {find_file(spec.parallel->target, spec, options), {}};
  const bool table = source.format == config::FileFormat::kCsv ||
                     source.format == config::FileFormat::kHdf5;  // others name no target
  if (options.optional && table) {
    source.classify = source.classify && source.spec.target.size() == 1;
  }
  source.may_lack_target = options.may_lack_target;
  if (table) source.trained = trained_features(source, options.trained);
  source.trained_classes = options.trained_classes;
  source.threads = options.threads;
  return source;
}

}  // namespace mlrun::data
