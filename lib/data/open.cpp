#include "data/open.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/sha256.h"
#include "data/cache_file.h"
#include "data/cifar.h"
#include "data/csv/import.h"
#include "data/documents.h"
#include "data/generator.h"
#include "data/graph.h"
#include "data/hdf5_import.h"
#include "data/idx.h"
#include "data/pairs.h"
#include "data/parallel.h"
#include "data/positive_class.h"
#include "data/refuse.h"
#include "data/source.h"
#include "data/text.h"
#include "data/ts.h"
#include "data/tu.h"
#include "data/window.h"

namespace mlrun::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array kImportFields = {"target", "features", "ignore",    "categorical", "group",
                                      "header", "missing",  "delimiter", "limit"};

std::string to_text(const timespec& time) {
  return fmt::format("{}.{:09}", time.tv_sec, time.tv_nsec);
}

// Who writes a file can set the time of its modification back (cp -p, rsync, tar), but not that of
// its change.
std::string file_key(const SourceFile& file) {
  struct stat info {};
  if (::stat(file.path.c_str(), &info) != 0) {
    throw_errno(fmt::format("look at '{}'", file.path.string()));
  }
  return fmt::format("{} {} {} {} {}\n", fs::canonical(file.path).string(), info.st_size,
                     to_text(info.st_mtim), to_text(info.st_ctim), file.sha256);
}

// Everything that decides what the cache holds.
std::string cache_key(const Source& source) {
  std::string key;
  for (const SourceFile& file : source.train) key += "train " + file_key(file);
  for (const SourceFile& file : source.test) key += "test " + file_key(file);
  const config::Node spec = config::DatasetSpec::fields().write(&source.spec);
  for (const char* field : kImportFields) {
    if (const config::Entry* entry = spec.find(field)) {
      key += fmt::format("{}: {}\n", field, config::to_flow(entry->value));
    }
  }
  key += fmt::format("name {}\nformat {}\nclassify {}\ntest_rows {}\n", source.name,
                     static_cast<int>(source.format), source.classify, source.test_rows);
  if (source.target_only) key += "target only\n";
  if (source.may_lack_target) key += "may lack target\n";
  for (const Column& column : source.trained) {
    key += fmt::format("trained {} from {}: {}\n", column.name, column.origin,
                       fmt::join(column.classes, ", "));
  }
  for (const std::string& column : source.column_names) key += fmt::format("column {}\n", column);
  return key;
}

void import_source(const Source& source, const std::string& key, CacheWriter& cache) {
  switch (source.format) {
    case config::FileFormat::kIdx:
      return import_idx(source, key, cache);
    case config::FileFormat::kHdf5:
      return import_hdf5(source, key, cache);
    case config::FileFormat::kCifar:
      return import_cifar(source, key, cache);
    case config::FileFormat::kTs:
      return import_ts(source, key, cache);
    case config::FileFormat::kText:       // never cached, see open_dataset
    case config::FileFormat::kDocuments:  // nor are these
    case config::FileFormat::kTu:
    case config::FileFormat::kCsv:
    case config::FileFormat::kAuto:
      return import_csv(source, key, cache);
  }
}

// A manifest's shape is not part of the import: it may change without a new cache.
Dataset with_shape(Dataset dataset, const Source& source) {
  if (!source.shape.empty()) dataset.shape = source.shape;
  return dataset;
}

// The table of `columns` alone.
Dataset open_columns(Source source, const OutputColumns& output, const OpenOptions& options) {
  source.spec.target = output.columns;
  source.spec.features.clear();
  source.spec.ignore.clear();
  source.spec.categorical.clear();
  source.spec.group.reset();
  source.shape.clear();
  source.classify = output.classify;
  source.target_only = true;
  source.outputs = {output};
  return open_source(source, options);
}

Dataset open_table(Source source, const OpenOptions& options) {
  source.outputs = options.outputs;
  std::map<std::string, std::shared_ptr<const Dataset>> outputs;
  for (const OutputColumns& output : options.outputs) {
    outputs[output.name] = options.may_lack_target
                               ? std::make_shared<Dataset>()
                               : std::make_shared<Dataset>(open_columns(source, output, options));
    for (const std::string& column : output.columns) {
      const auto in = [&](const auto& some) {
        return std::find(some.begin(), some.end(), column) != some.end();
      };
      if (!in(source.spec.ignore) && !in(source.spec.target)) source.spec.ignore.push_back(column);
    }
  }
  Dataset table = open_source(source, options);
  table.outputs = std::move(outputs);
  return table;
}

// Tables have columns with names; the rest has nothing that a further output could be compared
// with but its own target and the samples.
void refuse_columns(const OpenOptions& options) {
  if (options.outputs.empty()) return;
  throw InputError(render_error(options.outputs.front().mark,
                                fmt::format("the columns of output '{}' must be those of a table, "
                                            "CSV or HDF5",
                                            options.outputs.front().name)));
}

bool is_table(const config::DatasetSpec& spec, const Source& source) {
  using config::FileFormat;
  return !spec.window && !spec.graph &&
         (source.format == FileFormat::kCsv || source.format == FileFormat::kHdf5);
}

// Whether the features are what an import for the model would make them.
bool is_as_trained(const Dataset& dataset, const Source& source) {
  const auto same = [](const Column& column, const Column& then) {
    return column.name == then.name && column.classes == then.classes &&
           column.origin == then.origin;
  };
  return source.trained.empty() || std::equal(dataset.columns.begin(), dataset.columns.end(),
                                              source.trained.begin(), source.trained.end(), same);
}

// Of the environment; null if it is empty as well.
const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

}  // namespace

fs::path default_cache() {
  if (const char* folder = variable("MLRUN_CACHE")) return folder;
  if (const char* folder = variable("XDG_CACHE_HOME")) return fs::path(folder) / "mlrun";
  if (const char* home = variable("HOME")) return fs::path(home) / ".cache/mlrun";
  throw InputError("no folder for the data cache: set MLRUN_CACHE or HOME");
}

fs::path cache_path(const Source& source, const OpenOptions& options) {
  const fs::path folder = options.cache.empty() ? default_cache() : options.cache;
  return folder / fmt::format("{}-{}.mlrun", source.name, sha256(cache_key(source)).substr(0, 16));
}

Dataset open_source(const Source& source, const OpenOptions& options) {
  if (source.may_lack_target) {  // most often it does not, and was imported for the training
    Source complete = source;
    complete.may_lack_target = false;
    complete.trained.clear();
    auto dataset = open_cache(cache_path(complete, options), cache_key(complete));
    if (dataset && is_as_trained(*dataset, source)) return with_shape(std::move(*dataset), source);
  }
  const std::string key = cache_key(source);
  const fs::path path = cache_path(source, options);
  if (auto dataset = open_cache(path, key)) return with_shape(std::move(*dataset), source);
  {
    CacheWriter cache(path);
    import_source(source, key, cache);
  }
  if (auto dataset = open_cache(path, key)) return with_shape(std::move(*dataset), source);
  throw Error(fmt::format("the data cache '{}' vanished while it was made", path.string()));
}

namespace {

Dataset open_any(const config::DatasetSpec& spec, const OpenOptions& options) {
  if (spec.generate && spec.source) {
    refuse(spec, "dataset has both source and generate");
  }
  if (spec.generate && spec.window) {
    refuse(spec,
           "window needs a source in the order of time, "
           "but the data are generated");
  }
  if (spec.generate) {
    refuse_columns(options);
    Dataset made = generate_dataset(spec.generate, options);
    return spec.graph ? generated_graph(std::move(made), *spec.graph, options) : made;
  }
  if (!spec.source) {
    refuse(spec, "dataset needs source or generate");
  }
  const Source source = find_source(spec, options);
  if (!is_table(spec, source)) refuse_columns(options);
  const bool documents = source.format == config::FileFormat::kDocuments;
  const bool text = source.format == config::FileFormat::kText;
  const bool graphs = source.format == config::FileFormat::kTu;
  if (spec.graph && (spec.window || documents || text || graphs)) {
    refuse(spec,
           "graph is of tables; it does not go with window, nor with the "
           "formats text, documents and tu");
  }
  if (documents || text) {
    if (spec.parallel) return open_parallel(source);
    if (spec.masked_lm && (!documents || spec.pairs)) {
      refuse(spec, "masked_lm is of documents");
    }
    if (spec.pairs) return open_pairs(source, static_cast<uint64_t>(options.seed));
    return documents ? open_documents(source) : open_text(source);
  }
  if (spec.tokens || spec.length || spec.pairs || spec.parallel || spec.masked_lm ||
      spec.encoding != config::Encoding::kUtf8) {
    refuse(spec,
           "tokens, length, pairs, parallel, masked_lm and encoding are of "
           "the formats text and documents");
  }
  if (graphs) return open_tu(source);
  if (spec.graph) return graph_dataset(source, options);
  if (spec.window) {
    return window_dataset(open_source(source, options), spec, options.may_lack_target);
  }
  return open_table(source, options);
}

}  // namespace

Dataset open_dataset(const config::DatasetSpec& spec, const OpenOptions& options) {
  Dataset dataset = open_any(spec, options);
  choose_positive(spec, options.may_lack_target, dataset);
  return dataset;
}

}  // namespace mlrun::data
