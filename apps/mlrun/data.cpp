// mlrun data list | import SOURCE | inspect SOURCE | clean
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/duration.h"
#include "base/error.h"
#include "command.h"
#include "data/cache_folder.h"
#include "data/inspect.h"
#include "data/open.h"

namespace mlrun::app {
namespace {

struct DataArguments {
  std::string source;
  std::vector<std::string> target;
  bool classes = false;
  std::string read_as;
  std::string translations;
  bool latin1 = false;
  std::string unused_for = "30d";
  Format format = Format::kTable;

  data::Inspection inspect(bool with_columns) const {
    config::DatasetSpec spec;
    spec.source = source;
    spec.target = target;
    if (read_as == "documents") spec.format = config::FileFormat::kDocuments;
    if (read_as == "text" || !translations.empty()) spec.format = config::FileFormat::kText;
    if (latin1) spec.encoding = config::Encoding::kLatin1;
    if (!translations.empty()) spec.parallel = config::ParallelSpec{translations, {}};
    data::OpenOptions options;
    options.base = std::filesystem::current_path();
    options.classify = classes;
    return data::inspect(spec, options, with_columns);
  }
};

template <class Item, class Get>
store::Column column(const std::string& name, const std::vector<Item>& items, Get get) {
  std::vector<std::decay_t<decltype(get(items[0]))>> values;
  for (const Item& item : items) values.push_back(get(item));
  return {name, std::move(values)};
}

int list(Format format) {
  using data::KnownDataset;
  const auto here = std::filesystem::current_path();
  const data::Manifests manifests = data::all_manifests(here);
  const auto known = data::known_datasets(manifests, here);
  store::Table table;
  table.columns = {
      column("name", known, [](const KnownDataset& k) { return k.name; }),
      column(
          "state", known,
          [](const KnownDataset& k) -> std::string { return k.present() ? "present" : "absent"; }),
      column("licence", known, [](const KnownDataset& k) { return k.licence; }),
      column("from", known, [](const KnownDataset& k) { return k.how_to_get; }),
      column("description", known, [](const KnownDataset& k) { return k.description; })};
  print_table(table, format);
  for (const data::NoManifest& other : manifests.others) {
    note(fmt::format("passed over, as it is no manifest:\n{}\n", other.why));
  }
  return kSuccess;
}

store::Table summary(const std::vector<data::Inspection>& found) {
  using data::Inspection;
  store::Table table;
  table.columns = {
      column("name", found, [](const Inspection& i) { return i.name; }),
      column("rows", found, [](const Inspection& i) { return i.rows; }),
      column("test_rows", found, [](const Inspection& i) { return i.test_rows; }),
      column("features", found, [](const Inspection& i) { return i.width; }),
      column("classes", found,
             [](const Inspection& i) { return static_cast<int64_t>(i.classes.size()); }),
      column("sha256", found, [](const Inspection& i) { return i.sha256; }),
      column("cache", found, [](const Inspection& i) { return i.cache; })};
  return table;
}

// Four digits of the value, or of the range of a column that lies far from zero.
std::string readable(double value, const data::ColumnStatistics& column) {
  const double range = column.max - column.min;
  const double size = std::max(std::abs(column.min), std::abs(column.max));
  if (range == 0) return fmt::format("{:.10g}", value);
  if (size < 100 * range) return fmt::format("{:.4g}", value);
  const int decimals = 3 - static_cast<int>(std::floor(std::log10(range)));
  return fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 12));
}

// Right-aligned for people, numbers for programs.
store::Column statistic(const std::string& name, const std::vector<data::ColumnReport>& columns,
                        double data::ColumnStatistics::*which, Format format) {
  if (format != Format::kTable) {
    return column(name, columns, [&](const data::ColumnReport& c) { return c.statistics.*which; });
  }
  std::vector<std::string> texts;
  size_t width = name.size();
  for (const data::ColumnReport& one : columns) {
    texts.push_back(readable(one.statistics.*which, one.statistics));
    width = std::max(width, texts.back().size());
  }
  for (std::string& text : texts) text = fmt::format("{:>{}}", text, width);
  return {fmt::format("{:>{}}", name, width), std::move(texts)};
}

store::Table columns_table(const std::vector<data::ColumnReport>& columns, Format format) {
  using data::ColumnReport;
  store::Table table;
  table.columns = {column("column", columns, [](const ColumnReport& c) { return c.name; }),
                   column("kind", columns, [](const ColumnReport& c) { return c.kind; }),
                   column("missing", columns, [](const ColumnReport& c) { return c.missing; }),
                   column("classes", columns,
                          [](const ColumnReport& c) { return static_cast<int64_t>(c.classes); }),
                   statistic("min", columns, &data::ColumnStatistics::min, format),
                   statistic("mean", columns, &data::ColumnStatistics::mean, format),
                   statistic("max", columns, &data::ColumnStatistics::max, format)};
  return table;
}

// As JSON and CSV only the columns, so that what is printed is one table.
int inspect(const DataArguments& arguments) {
  const data::Inspection found = arguments.inspect(true);
  if (arguments.format == Format::kTable) {
    fmt::print("{}: {} rows, {} of them for testing\nsha256 {}\ncache {}\n\n", found.name,
               found.rows, found.test_rows, found.sha256, found.cache);
    for (const data::ClassReport& one : found.classes) {
      fmt::print("class {}: {} rows\n", one.name, one.rows);
    }
    if (!found.classes.empty()) fmt::print("\n");
  }
  print_table(columns_table(found.columns, arguments.format), arguments.format);
  return kSuccess;
}

std::string mebibytes(int64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

int clean(const std::string& unused_for) {
  const std::optional<double> seconds = parse_duration(unused_for);
  if (!seconds) {
    throw InputError(
        fmt::format("--unused-for '{}' is no duration such as 30d, 12h or 0s", unused_for));
  }
  const std::filesystem::path folder = data::default_cache();
  const data::CleanedCache cleaned = data::clean_cache(folder, *seconds);
  fmt::print("removed {} of {} files, {} of {}, from '{}'\n", cleaned.removed.files,
             cleaned.found.files, mebibytes(cleaned.removed.bytes), mebibytes(cleaned.found.bytes),
             folder.string());
  return kSuccess;
}

Verb add_source_verb(Verb& data, const char* name, const char* help, DataArguments& arguments) {
  Verb verb = data.add_verb(name, help);
  verb.add_option("source", arguments.source, "a manifest's name, or a path")
      .required()
      .shown_as("NAME|PATH");
  verb.add_option("--target", arguments.target, "target column: name or position")
      .one_value_each()
      .shown_as("COLUMN");
  verb.add_flag("--classes", arguments.classes, "the target is one of classes");
  add_format_option(verb, arguments.format);
  return verb;
}

}  // namespace

void add_data_command(CommandLine& line) {
  Verb data =
      line.program().add_verb("data", "List, import and inspect data sets, clean their cache");
  const auto arguments = std::make_shared<DataArguments>();
  Verb list_verb = data.add_verb("list", "Print the manifests that are known");
  add_format_option(list_verb, arguments->format);
  list_verb.runs([arguments] { return list(arguments->format); });
  add_source_verb(data, "import", "Convert a data set to its cache, once", *arguments)
      .runs([arguments] {
        print_table(summary({arguments->inspect(false)}), arguments->format);
        return kSuccess;
      });
  Verb inspect_verb =
      add_source_verb(data, "inspect", "Print columns, classes and checksum", *arguments);
  inspect_verb.add_option("--read-as", arguments->read_as, "documents (class, blank, text) or text")
      .check(one_of({"documents", "text"}))
      .shown_as("FORMAT");
  inspect_verb.add_option("--translations", arguments->translations, "of a text, line by line")
      .shown_as("FILE");
  inspect_verb.add_flag("--latin-1", arguments->latin1, "the text is in Latin-1, not in UTF-8");
  inspect_verb.runs([arguments] { return inspect(*arguments); });
  Verb clean_verb = data.add_verb("clean", "Remove imported data that were not used lately");
  clean_verb
      .add_option("--unused-for", arguments->unused_for, "since when: 30d, 12h; 0s: all there is")
      .shown_as("TIME");
  clean_verb.runs([arguments] { return clean(arguments->unused_for); });
}

}  // namespace mlrun::app
