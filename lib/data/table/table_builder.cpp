#include "data/table/table_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "config/scalar.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

void append_recoded(const std::vector<int32_t>& codes, const std::vector<int32_t>& recode,
                    std::vector<int32_t>& out) {
  for (const int32_t code : codes) out.push_back(recode[static_cast<size_t>(code)]);
}

bool is_identity(const std::vector<int32_t>& code) {
  for (size_t i = 0; i < code.size(); ++i) {
    if (code[i] != static_cast<int32_t>(i)) return false;
  }
  return true;
}

// Of the standard deviation of a target: the root of the mean square of what rounding changes.
constexpr double kMostRounding = 0.01;

}  // namespace

TableBuilder::TableBuilder(TablePlan plan)
    : plan_(std::move(plan)),
      dictionaries_(static_cast<size_t>(plan_.dictionaries)),
      missing_(static_cast<size_t>(plan_.features)),
      rounding_(static_cast<size_t>(plan_.targets)) {
  ranges_.start(static_cast<size_t>(plan_.features));
}

void TableBuilder::add(int64_t first_line, TableBlock& block) {
  const auto width = static_cast<size_t>(plan_.features);
  for (const ColumnPlan& column : plan_.columns) {
    if (column.dictionary < 0) continue;
    const auto recode =
        merge(first_line, column, block.dictionaries[static_cast<size_t>(column.dictionary)]);
    if (column.use == ColumnUse::kTarget) append_recoded(block.classes, recode, classes_);
    if (column.use == ColumnUse::kGroup) append_recoded(block.groups, recode, groups_);
    if (column.use != ColumnUse::kFeature) continue;
    for (size_t r = 0; r < static_cast<size_t>(block.rows); ++r) {
      float& value = block.features[r * width + static_cast<size_t>(column.slot)];
      if (!std::isnan(value)) value = static_cast<float>(recode[static_cast<size_t>(value)]);
    }
  }
  if (!plan_.classes) {
    const auto count = static_cast<std::ptrdiff_t>(block.rows * plan_.targets);
    values_.insert(values_.end(), block.values.begin(), block.values.begin() + count);
  }
  for (size_t f = 0; f < width; ++f) missing_[f] += block.missing[f];
  ranges_.add(block.ranges);
  for (size_t k = 0; k < block.rounding.size(); ++k) rounding_[k].add(block.rounding[k]);
  rows_ += block.rows;
}

std::vector<int32_t> TableBuilder::merge(int64_t first_line, const ColumnPlan& column,
                                         const Dictionary& block) {
  Dictionary& all = dictionaries_[static_cast<size_t>(column.dictionary)];
  const bool target = column.use == ColumnUse::kTarget;
  std::vector<int32_t> recode;
  for (const Dictionary::Entry& entry : block.entries()) {
    const TextOrigin origin = {files_.size() - 1, first_line + entry.origin.line,
                               entry.origin.column};
    recode.push_back(all.add(entry.text, origin));
    if (column.use == ColumnUse::kGroup || all.entries().size() <= kMaxClasses) continue;
    if (target && plan_.any_target) continue;
    fail(origin, fmt::format("{} '{}' has more than {} different values: too many classes; {}",
                             target ? "target" : "column", column.name, kMaxClasses,
                             target ? "is this a regression?" : "list it under ignore"));
  }
  return recode;
}

void TableBuilder::fail(const TextOrigin& origin, const std::string& message) const {
  throw text_error(files_[origin.file], {static_cast<int>(origin.line), origin.column, {}},
                   message);
}

void TableBuilder::sort_features(Dataset& dataset, CacheWriter& cache) const {
  dataset.columns.resize(static_cast<size_t>(plan_.features));
  for (const ColumnPlan& column : plan_.columns) {
    if (column.use != ColumnUse::kFeature) continue;
    Column& out = dataset.columns[static_cast<size_t>(column.slot)];
    out.name = column.name;
    out.missing = missing_[static_cast<size_t>(column.slot)];
    out.origin = column.origin;
    if (column.dictionary < 0) continue;
    SortedClasses sorted =
        sort_classes(dictionaries_[static_cast<size_t>(column.dictionary)], column.verbatim);
    out.classes = std::move(sorted.names);
    if (!is_identity(sorted.code)) cache.recode(rows_, plan_.features, column.slot, sorted.code);
  }
}

void TableBuilder::check_classes(const ColumnPlan& target, const Dictionary& dictionary,
                                 const SortedClasses& sorted) const {
  for (const Dictionary::Entry& entry : dictionary.entries()) {
    const auto value = config::parse_float(entry.text);
    if (!sorted.numeric || *value == std::floor(*value)) continue;
    fail(entry.origin, fmt::format("'{}' of target '{}' is not a class: numbers that are classes "
                                   "must be whole",
                                   shortened(entry.text), shortened(target.name)));
  }
  if (sorted.names.size() < 2) {
    throw file_error(files_.front(),
                     fmt::format("target '{}' has only one class, '{}'", shortened(target.name),
                                 shortened(sorted.names.front())));
  }
}

void TableBuilder::sort_targets(Dataset& dataset) {
  dataset.target_names.resize(static_cast<size_t>(plan_.targets));
  for (const ColumnPlan& column : plan_.columns) {
    if (column.use != ColumnUse::kTarget) continue;
    dataset.target_names[static_cast<size_t>(column.slot)] = column.name;
    if (!plan_.classes) continue;
    const Dictionary& dictionary = dictionaries_[static_cast<size_t>(column.dictionary)];
    SortedClasses sorted = sort_classes(dictionary);
    if (!plan_.any_target) check_classes(column, dictionary, sorted);
    for (int32_t& code : classes_) code = sorted.code[static_cast<size_t>(code)];
    dataset.class_names = std::move(sorted.names);
  }
}

void TableBuilder::check_values() const {
  for (const ColumnPlan& column : plan_.columns) {
    if (column.use != ColumnUse::kTarget) continue;
    const TargetRounding& rounding = rounding_[static_cast<size_t>(column.slot)];
    if (rounding.share() <= kMostRounding) continue;
    throw file_error(files_.front(),
                     fmt::format("target '{}' is between {} and {}, but float32, in which targets "
                                 "are kept, has steps of {} there; subtract a constant, such as "
                                 "{}, from it in the file",
                                 column.name, config::format_float(rounding.least),
                                 config::format_float(rounding.greatest), rounding.step(),
                                 config::format_float(std::round(rounding.mean))));
  }
}

void TableBuilder::sort_groups(Dataset& dataset) {
  for (const ColumnPlan& column : plan_.columns) {
    if (column.use != ColumnUse::kGroup) continue;
    const auto sorted = sort_classes(dictionaries_[static_cast<size_t>(column.dictionary)]);
    for (int32_t& code : groups_) code = sorted.code[static_cast<size_t>(code)];
  }
  if (plan_.groups) dataset.groups = groups_.data();
}

void TableBuilder::finish(const std::string& key, Dataset dataset, CacheWriter& cache) {
  sort_features(dataset, cache);
  sort_targets(dataset);
  sort_groups(dataset);
  dataset.rows = rows_;
  if (dataset.shape.empty()) dataset.shape = {plan_.features};
  if (plan_.classes) dataset.classes = classes_.data();
  if (!plan_.classes && plan_.targets > 0) {
    if (!plan_.any_target) check_values();
    dataset.values = values_.data();
  }
  cache.finish(dataset, key);
}

}  // namespace mlrun::data
