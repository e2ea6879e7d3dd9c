#include "data/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "data/documents.h"
#include "data/manifest.h"
#include "data/text_error.h"
#include "data/text_file.h"
#include "data/tokens.h"
#include "data/tokens/words.h"
#include "data/tu.h"

namespace mlrun::data {
namespace {

KnownDataset describe(const Manifest& manifest, const std::filesystem::path& base) {
  KnownDataset known;
  known.name = manifest.name;
  known.description = manifest.description;
  known.licence = manifest.licence;
  known.manifest = manifest.path.string();
  known.how_to_get = manifest.package.value_or(manifest.address.value_or(""));
  for (const auto* files : {&manifest.train, &manifest.test}) {
    for (const ManifestFile& file : *files) {
      std::vector<std::string> tried;
      if (!find_data_file(manifest, file, base, tried)) known.missing.push_back(file.path);
    }
  }
  return known;
}

ColumnReport report_bytes(const std::vector<ColumnStatistics>& columns) {
  ColumnReport all{fmt::format("0..{}", columns.size() - 1), "bytes", 0, 0, columns.front()};
  all.statistics.mean = 0;
  for (const ColumnStatistics& column : columns) {
    all.statistics.min = std::min(all.statistics.min, column.min);
    all.statistics.max = std::max(all.statistics.max, column.max);
    all.statistics.mean += column.mean / static_cast<double>(columns.size());
  }
  return all;
}

std::vector<ColumnReport> report_columns(const Dataset& dataset) {
  std::vector<int64_t> rows(static_cast<size_t>(dataset.rows));
  std::iota(rows.begin(), rows.end(), 0);
  std::vector<ColumnStatistics> statistics = column_statistics(dataset, rows);
  if (dataset.storage == Storage::kUint8) return {report_bytes(statistics)};
  std::vector<ColumnReport> reports;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    const Column& column = dataset.columns[c];
    for (double* number : {&statistics[c].min, &statistics[c].mean, &statistics[c].max}) {
      *number += column.origin;
    }
    reports.push_back({column.name, column.categorical() ? "text" : "number", column.missing,
                       column.classes.size(), statistics[c]});
  }
  return reports;
}

std::vector<ClassReport> count_classes(const Dataset& dataset) {
  std::vector<ClassReport> reports;
  for (const std::string& name : dataset.class_names) reports.push_back({name, 0});
  for (int64_t r = 0; dataset.classes && r < dataset.rows * dataset.label_width; ++r) {
    ++reports[static_cast<size_t>(dataset.classes[r])].rows;
  }
  return reports;
}

// What is known of texts that are counted in words.
class WordReport {
 public:
  explicit WordReport(std::string name) { report_.name = std::move(name); }

  void add(const std::string& text) {
    const std::vector<std::string> words = Words().split(text);
    number_words(words, distinct_);
    const auto count = static_cast<double>(words.size());
    ColumnStatistics& all = report_.statistics;
    all.min = all.count == 0 ? count : std::min(all.min, count);
    all.max = all.count == 0 ? count : std::max(all.max, count);
    all.mean += (count - all.mean) / static_cast<double>(++all.count);
  }

  ColumnReport take() {
    report_.kind = "words";
    report_.classes = distinct_.entries().size();
    return std::move(report_);
  }

 private:
  ColumnReport report_;
  Dictionary distinct_;
};

void report_documents(const Source& source, Provenance& provenance, Inspection& found) {
  WordReport words("document");
  std::map<std::string, int64_t> classes;
  for (const Document& document : read_documents(source.train, source.spec.encoding, provenance)) {
    words.add(document.text);
    ++classes[document.label];
    ++found.rows;
  }
  found.targets = {"class"};
  found.columns.push_back(words.take());
  for (const auto& [name, rows] : classes) found.classes.push_back({name, rows});
}

void report_lines(const Source& source, Provenance& provenance, Inspection& found) {
  const auto report = [&](const char* name, const SourceFile& file) {
    WordReport words(name);
    const auto lines = read_lines(file, source.spec.encoding, provenance);
    for (const std::string& line : lines) words.add(line);
    found.columns.push_back(words.take());
    return static_cast<int64_t>(lines.size());
  };
  found.rows = report("line", source.train.front());
  if (!source.translations) return;
  if (report("translation", *source.translations) != found.rows) {
    throw file_error(source.translations->path, "the translations are not as many lines");
  }
}

// Texts are never imported: what they become depends on the experiment.
Inspection inspect_text(const Source& source) {
  Inspection found;
  Provenance provenance;
  found.name = source.name;
  found.width = 1;
  found.cache = "none";
  if (source.format == config::FileFormat::kDocuments) {
    report_documents(source, provenance, found);
  } else {
    report_lines(source, provenance, found);
  }
  found.sha256 = provenance.sha256();
  return found;
}

}  // namespace

std::vector<KnownDataset> known_datasets(const Manifests& manifests,
                                         const std::filesystem::path& base) {
  std::vector<KnownDataset> known;
  for (const Manifest& manifest : manifests.known) known.push_back(describe(manifest, base));
  return known;
}

Inspection inspect(const config::DatasetSpec& spec, const OpenOptions& options, bool with_columns) {
  Source source = find_source(spec, options);
  source.classify = source.classify || source.holds_classes;
  const bool text = source.format == config::FileFormat::kText;
  if (text || source.format == config::FileFormat::kDocuments) return inspect_text(source);
  const bool graphs = source.format == config::FileFormat::kTu;
  const Dataset dataset = graphs ? open_tu(source) : open_source(source, options);
  Inspection found;
  found.name = dataset.name;
  found.sha256 = dataset.sha256;
  found.cache = graphs ? "none" : cache_path(source, options).string();
  found.rows = dataset.rows;
  found.width = dataset.width();
  found.test_rows = dataset.test_begin < 0 ? 0 : dataset.rows - dataset.test_begin;
  found.targets = dataset.target_names;
  if (with_columns && !graphs) found.columns = report_columns(dataset);
  found.classes = count_classes(dataset);
  return found;
}

}  // namespace mlrun::data
