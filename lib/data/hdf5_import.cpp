#include "data/hdf5_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "base/utf8.h"
#include "config/scalar.h"
#include "data/byte_source.h"
#include "data/provenance.h"
#include "data/refuse.h"
#include "data/table/dictionary.h"
#include "data/table/table_builder.h"
#include "data/text_error.h"
#include "store/hdf5.h"

namespace mlrun::data {
namespace {

constexpr int64_t kRowsAtOnce = 4096;
constexpr int64_t kMostColumns = int64_t{1} << 24;  // each has a name, which takes more than it

struct TableArray {
  std::string name;
  store::Array array;
  size_t first_column = 0;
  int64_t width = 1;

  bool text() const { return array.info().kind == store::ElementKind::kText; }
};

std::string column_name(const TableArray& array, int64_t c) {
  return array.array.info().shape.size() == 1 ? array.name : fmt::format("{}[{}]", array.name, c);
}

// Names of whole arrays become those of their columns.
void expand(const std::vector<TableArray>& arrays, std::vector<std::string>& names) {
  std::vector<std::string> expanded;
  for (const std::string& name : names) {
    const auto found = std::find_if(arrays.begin(), arrays.end(),
                                    [&](const TableArray& array) { return array.name == name; });
    if (found == arrays.end()) {
      expanded.push_back(name);
      continue;
    }
    for (int64_t c = 0; c < found->width; ++c) expanded.push_back(column_name(*found, c));
  }
  names = std::move(expanded);
}

class Hdf5Import {
 public:
  Hdf5Import(const SourceFile& file, Source source)
      : file_(file),
        source_(std::move(source)),
        root_(store::File::open(file.path)),
        missing_numbers_(missing_numbers(source_.spec)) {
    find_arrays();
    for (auto* names : {&source_.spec.target, &source_.spec.features, &source_.spec.ignore,
                        &source_.spec.categorical}) {
      expand(arrays_, *names);
    }
    make_plan();
  }

  // What is found too far from zero for float32 is read again, from an origin of its own.
  void run(const std::string& key, CacheWriter& cache) {
    const int64_t rows = source_.spec.limit ? std::min(*source_.spec.limit, rows_) : rows_;
    TableBuilder builder = read_rows(rows, cache);
    if (source_.trained.empty() && choose_origins(builder.ranges(), plan_)) {
      builder = read_rows(rows, cache);
    }
    Provenance provenance;
    provenance.add(file_, sha256_of_file(file_.path));
    Dataset dataset;
    dataset.name = source_.name;
    dataset.sha256 = provenance.sha256();
    dataset.shape = shape();
    if (source_.test_rows > 0 && !source_.spec.limit) {
      dataset.test_begin = std::max<int64_t>(rows - source_.test_rows, 0);
    }
    builder.finish(key, std::move(dataset), cache);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw file_error(file_.path, message);
  }

  TableBuilder read_rows(int64_t rows, CacheWriter& cache) {
    TableBuilder builder(plan_);
    builder.begin_file(file_.path);
    TableBlock block;
    for (int64_t begin = 0; begin < rows; begin += kRowsAtOnce) {
      read_block(begin, std::min(kRowsAtOnce, rows - begin), block);
      builder.add(0, block);
      const int64_t row_bytes = plan_.features * static_cast<int64_t>(sizeof(float));
      cache.write_features(begin * row_bytes, block.features.data(),
                           static_cast<size_t>(block.rows * row_bytes));
    }
    return builder;
  }

  void find_arrays() {
    add_members(root_);
    const auto members = root_.members();
    if (arrays_.empty() && members.size() == 1) add_members(root_.group(members[0].name));
    if (arrays_.empty()) fail("there are no arrays in the root, nor in an only group");
    for (const TableArray& array : arrays_) {
      const store::Extent& shape = array.array.info().shape;
      if (shape.front() == rows_) continue;
      fail(fmt::format("array '{}' has {} rows, but '{}' has {}", array.name, shape.front(),
                       arrays_.front().name, rows_));
    }
    if (rows_ == 0) fail("the arrays have no rows");
  }

  void add_members(const store::Group& group) {
    for (const store::Group::Member& member : group.members()) {
      if (member.is_group || ignored(member.name)) continue;
      TableArray array{member.name, group.array(member.name)};
      const store::ArrayInfo& info = array.array.info();
      if (info.shape.empty()) continue;  // a single value describes the file, not a row
      if (info.kind == store::ElementKind::kOther) {
        fail(fmt::format("array '{}' holds neither numbers nor text", member.name));
      }
      if (arrays_.empty()) rows_ = info.shape.front();
      array.width = info.row_size();
      if (array.width > kMostColumns) {
        fail(fmt::format("array '{}' has {} columns; {} at most are read", member.name, array.width,
                         kMostColumns));
      }
      arrays_.push_back(std::move(array));
    }
  }

  bool ignored(const std::string& name) {
    std::vector<std::string>& names = source_.spec.ignore;
    return std::erase(names, name) > 0;
  }

  void make_plan() {
    for (TableArray& array : arrays_) {
      array.first_column = plan_.columns.size();
      for (int64_t c = 0; c < array.width; ++c) {
        ColumnPlan column;
        column.name = column_name(array, c);
        column.text = array.text();
        plan_.columns.push_back(std::move(column));
      }
    }
    const TableError error_here = [this](const std::string& message) {
      return file_error(file_.path, message);
    };
    choose_uses(source_, error_here, plan_);
    check_targets();
    choose_texts(source_, error_here, plan_);
  }

  void check_targets() const {
    for (const ColumnPlan& column : plan_.columns) {
      if (column.use != ColumnUse::kTarget || !column.text || plan_.classes) continue;
      fail(
          fmt::format("target '{}' holds text, but the loss wants numbers; a classification loss "
                      "takes classes",
                      column.name));
    }
  }

  std::vector<int64_t> shape() const {
    for (const TableArray& array : arrays_) {
      if (array.width != plan_.features) continue;
      if (plan_.columns[array.first_column].use != ColumnUse::kFeature) continue;
      const store::Extent& all = array.array.info().shape;
      if (all.size() > 1) return {all.begin() + 1, all.end()};
    }
    return {};
  }

  void read_block(int64_t begin, int64_t count, TableBlock& block) {
    block.start(plan_);
    block.rows = count;
    block.features.resize(static_cast<size_t>(count * plan_.features));
    if (!plan_.classes) block.exact.resize(static_cast<size_t>(count * plan_.targets));
    for (const TableArray& array : arrays_) {
      if (array.text()) {
        read_texts(array, begin, count, block);
      } else {
        read_numbers(array, begin, count, block);
      }
    }
    block.finish(plan_);
  }

  void read_numbers(const TableArray& array, int64_t begin, int64_t count, TableBlock& block) {
    numbers_.resize(static_cast<size_t>(count * array.width));
    array.array.read_rows<double>(begin, count, numbers_);
    for (int64_t c = 0; c < array.width; ++c) {
      const ColumnPlan& column = plan_.columns[array.first_column + static_cast<size_t>(c)];
      if (column.use == ColumnUse::kIgnore) continue;
      for (int64_t r = 0; r < count; ++r) {
        const double value = numbers_[static_cast<size_t>(r * array.width + c)];
        if (!column.text) {
          put_number(column, begin, r, value, block);
        } else if (std::isnan(value) || stands_for_missing(value)) {
          put_missing(column, begin, r, block);
        } else {
          put_text(column, r, text_of(column, begin + r, value), block);
        }
      }
    }
  }

  void read_texts(const TableArray& array, int64_t begin, int64_t count, TableBlock& block) {
    const std::vector<std::string> texts = array.array.read_strings(begin, count);
    for (int64_t c = 0; c < array.width; ++c) {
      const ColumnPlan& column = plan_.columns[array.first_column + static_cast<size_t>(c)];
      if (column.use == ColumnUse::kIgnore) continue;
      for (int64_t r = 0; r < count; ++r) {
        const std::string& text = texts[static_cast<size_t>(r * array.width + c)];
        const auto& missing = source_.spec.missing;
        if (std::find(missing.begin(), missing.end(), text) != missing.end()) {
          put_missing(column, begin, r, block);
        } else {
          put_text(column, r, text, block);
        }
      }
    }
  }

  // All numbers are read as double.
  std::string text_of(const ColumnPlan& column, int64_t row, double value) const {
    if (std::abs(value) >= kInexact) {
      fail(
          fmt::format("row {}: {} of '{}' is not below 2^53, where not all numbers are told apart; "
                      "store it as text",
                      row, value, column.name));
    }
    return config::format_float(value);
  }

  bool stands_for_missing(double value) const {
    return std::find(missing_numbers_.begin(), missing_numbers_.end(), static_cast<float>(value)) !=
           missing_numbers_.end();
  }

  void put_number(const ColumnPlan& column, int64_t begin, int64_t row, double value,
                  TableBlock& block) const {
    const auto narrow = static_cast<float>(value);
    if (std::isnan(narrow) || stands_for_missing(value)) {
      return put_missing(column, begin, row, block);
    }
    if (std::isinf(narrow)) {
      fail(
          fmt::format("row {}: {} is out of range (column '{}')", begin + row, value, column.name));
    }
    if (column.use == ColumnUse::kFeature) {
      block.features[static_cast<size_t>(row * plan_.features + column.slot)] =
          static_cast<float>(value - column.origin);
    } else {
      block.exact[static_cast<size_t>(row * plan_.targets + column.slot)] = value;
    }
  }

  void put_missing(const ColumnPlan& column, int64_t begin, int64_t row, TableBlock& block) const {
    if (column.use == ColumnUse::kTarget && plan_.any_target) {
      if (column.text) return put_text(column, row, "", block);
      block.exact[static_cast<size_t>(row * plan_.targets + column.slot)] = kMissing;
      return;
    }
    if (column.use != ColumnUse::kFeature) {
      fail(fmt::format("row {}: the value of '{}' is missing", begin + row, column.name));
    }
    block.features[static_cast<size_t>(row * plan_.features + column.slot)] = kMissing;
    ++block.missing[static_cast<size_t>(column.slot)];
  }

  void put_text(const ColumnPlan& column, int64_t row, const std::string& text,
                TableBlock& block) const {
    const int32_t code = block.dictionaries[static_cast<size_t>(column.dictionary)].add(text, {});
    if (column.use == ColumnUse::kTarget) block.classes.push_back(code);
    if (column.use == ColumnUse::kGroup) block.groups.push_back(code);
    if (column.use != ColumnUse::kFeature) return;
    block.features[static_cast<size_t>(row * plan_.features + column.slot)] =
        static_cast<float>(code);
  }

  const SourceFile& file_;
  Source source_;
  store::File root_;
  std::vector<TableArray> arrays_;
  int64_t rows_ = 0;
  TablePlan plan_;
  std::vector<float> missing_numbers_;
  std::vector<double> numbers_;
};

}  // namespace

void import_hdf5(const Source& source, const std::string& key, CacheWriter& cache) {
  if (source.train.size() != 1 || !source.test.empty()) {
    throw file_error(source.train.front().path, "an HDF5 data set is one file");
  }
  const SourceFile& file = source.train.front();
  RawBytes(file.path);  // what may not be read is not damaged
  try {
    Hdf5Import(file, source).run(key, cache);
  } catch (const store::Hdf5Error& error) {
    refuse(source.spec, fmt::format("'{}' is damaged, or no HDF5 file ({})", file.path.string(),
                                    shortened(error.reason(), 100)));
  }
}

}  // namespace mlrun::data
