#include "data/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "data/manifest.h"
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
  const std::vector<ColumnStatistics> statistics = column_statistics(dataset, rows);
  if (dataset.storage == Storage::kUint8) return {report_bytes(statistics)};
  std::vector<ColumnReport> reports;
  for (size_t c = 0; c < dataset.columns.size(); ++c) {
    const Column& column = dataset.columns[c];
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

}  // namespace

std::vector<KnownDataset> known_datasets(const std::filesystem::path& base) {
  std::vector<KnownDataset> known;
  for (const Manifest& manifest : all_manifests(base)) known.push_back(describe(manifest, base));
  return known;
}

Inspection inspect(const config::DatasetSpec& spec, const OpenOptions& options, bool with_columns) {
  Source source = find_source(spec, options);
  source.classify = source.classify || source.holds_classes;
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
