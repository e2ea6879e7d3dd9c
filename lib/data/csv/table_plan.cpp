#include "data/csv/table_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/suggest.h"
#include "config/scalar.h"
#include "data/csv/cell.h"
#include "data/csv/dialect.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr size_t kSampleLines = 1000;

class Planner {
 public:
  Planner(const std::filesystem::path& file, std::vector<SampleLine> lines, const Source& source)
      : file_(file), lines_(std::move(lines)), source_(source), spec_(source.spec) {}

  TablePlan plan() {
    if (lines_.empty()) throw file_error(file_, "the file is empty");
    plan_.delimiter = choose_delimiter(lines_, spec_);
    plan_.header = has_header(lines_, plan_.delimiter, spec_);
    if (plan_.header && lines_.size() == 1) {
      throw text_error(file_, {lines_[0].number, 1, lines_[0].text}, "no rows after the header");
    }
    plan_missing();
    name_columns();
    choose_uses();
    choose_kinds();
    number_columns();
    return std::move(plan_);
  }

 private:
  using Positions = std::vector<int>;

  std::vector<CellView> cells(const SampleLine& line) const {
    return split_line(trim_line(line.text, plan_.delimiter), plan_.delimiter);
  }

  [[noreturn]] void fail(const char* at, const std::string& message) const {
    const std::string_view line = lines_.front().text;
    const int column = at ? static_cast<int>(at - line.data()) + 1 : 1;
    throw text_error(file_, {lines_.front().number, column, line}, message);
  }

  void plan_missing() {
    plan_.missing = spec_.missing;
    for (const std::string& text : spec_.missing) {
      if (const auto number = config::parse_float(text)) {
        plan_.missing_numbers.push_back(static_cast<float>(*number));
      }
    }
  }

  void name_columns() {
    const std::vector<CellView> first = cells(lines_.front());
    const std::vector<std::string>& given = source_.column_names;
    if (!given.empty() && given.size() != first.size()) {
      fail(nullptr, fmt::format("the manifest names {} columns, but this line has {} cells",
                                given.size(), first.size()));
    }
    std::set<std::string> seen;
    std::string scratch;
    for (size_t c = 0; c < first.size(); ++c) {
      std::string name = std::to_string(c);
      if (!given.empty()) {
        name = given[c];
      } else if (plan_.header && !first[c].text.empty()) {
        name = plain_text(first[c], scratch);
      }
      if (!seen.insert(name).second) {
        fail(first[c].begin, fmt::format("a second column named '{}'", name));
      }
      names_.push_back(name);
    }
    plan_.columns.resize(names_.size());
    for (size_t c = 0; c < names_.size(); ++c) plan_.columns[c].name = names_[c];
  }

  // By name, else by position.
  int find(const std::string& wanted, const char* field) const {
    const auto named = std::find(names_.begin(), names_.end(), wanted);
    if (named != names_.end()) return static_cast<int>(named - names_.begin());
    const auto position = config::parse_int(wanted);
    const auto count = static_cast<int64_t>(names_.size());
    if (!position) {
      fail(nullptr,
           fmt::format("no column '{}' for {}{}", wanted, field, did_you_mean(wanted, names_)));
    }
    if (*position < -count || *position >= count) {
      fail(nullptr, fmt::format("{} position {} is not between {} and {}", field, *position, -count,
                                count - 1));
    }
    return static_cast<int>(*position < 0 ? *position + count : *position);
  }

  Positions find_all(const std::vector<std::string>& wanted, const char* field) const {
    Positions found;
    for (const std::string& one : wanted) found.push_back(find(one, field));
    return found;
  }

  void assign(const Positions& positions, ColumnUse use, const char* field) {
    for (size_t i = 0; i < positions.size(); ++i) {
      const auto c = static_cast<size_t>(positions[i]);
      if (used_[c]) {
        fail(nullptr, fmt::format("column '{}' is both {} and {}", names_[c], used_[c], field));
      }
      used_[c] = field;
      plan_.columns[c].use = use;
      plan_.columns[c].slot = static_cast<int>(i);
    }
  }

  void choose_uses() {
    used_.assign(names_.size(), nullptr);
    assign(find_all(spec_.target, "target"), ColumnUse::kTarget, "target");
    plan_.targets = static_cast<int>(spec_.target.size());
    if (spec_.group) assign({find(*spec_.group, "group")}, ColumnUse::kGroup, "group");
    plan_.groups = spec_.group.has_value();
    assign(find_all(spec_.ignore, "ignore"), ColumnUse::kIgnore, "ignore");
    assign(feature_positions(), ColumnUse::kFeature, "features");
    for (size_t c = 0; c < used_.size(); ++c) {
      if (!used_[c]) plan_.columns[c].use = ColumnUse::kIgnore;
    }
    if (plan_.features == 0) fail(nullptr, "no column is left for the features");
    plan_.classes = source_.classify;
    if (source_.classify && plan_.targets != 1) {
      fail(nullptr, fmt::format("the loss wants classes from one target, but there are {}{}",
                                plan_.targets, plan_.targets == 0 ? "; set dataset.target" : ""));
    }
  }

  Positions feature_positions() {
    Positions positions = find_all(spec_.features, "features");
    for (int c = 0; spec_.features.empty() && c < static_cast<int>(used_.size()); ++c) {
      if (!used_[static_cast<size_t>(c)]) positions.push_back(c);
    }
    plan_.features = static_cast<int>(positions.size());
    return positions;
  }

  void choose_kinds() {
    for (size_t l = plan_.header ? 1 : 0; l < lines_.size(); ++l) {
      const std::vector<CellView> row = cells(lines_[l]);
      for (size_t c = 0; c < std::min(row.size(), plan_.columns.size()); ++c) {
        see_cell(lines_[l], row[c], plan_.columns[c]);
      }
    }
    for (const int c : find_all(spec_.categorical, "categorical")) {
      ColumnPlan& column = plan_.columns[static_cast<size_t>(c)];
      if (column.use == ColumnUse::kFeature) column.text = true;
    }
    for (ColumnPlan& column : plan_.columns) {
      if (column.use == ColumnUse::kGroup) column.text = true;
      if (column.use == ColumnUse::kTarget) column.text = plan_.classes;
    }
  }

  void see_cell(const SampleLine& line, const CellView& cell, ColumnPlan& column) const {
    if (is_number(cell.text) || is_missing(cell.text, plan_.missing)) return;
    column.text = true;
    if (column.use != ColumnUse::kTarget || plan_.classes) return;
    const int at = static_cast<int>(cell.begin - line.text.data()) + 1;
    throw text_error(file_, {line.number, at, line.text},
                     fmt::format("target '{}' holds text ('{}'), but the loss wants numbers; a "
                                 "classification loss takes classes",
                                 column.name, cell.text));
  }

  void number_columns() {
    for (ColumnPlan& column : plan_.columns) {
      if (column.text && column.use != ColumnUse::kIgnore) {
        column.dictionary = plan_.dictionaries++;
      }
    }
  }

  const std::filesystem::path& file_;
  std::vector<SampleLine> lines_;
  const Source& source_;
  const config::DatasetSpec& spec_;
  std::vector<std::string> names_;
  std::vector<const char*> used_;
  TablePlan plan_;
};

}  // namespace

TablePlan plan_table(const std::filesystem::path& file, std::string_view first_lines,
                     const Source& source) {
  return Planner(file, sample_lines(first_lines, kSampleLines), source).plan();
}

}  // namespace mlrun::data
