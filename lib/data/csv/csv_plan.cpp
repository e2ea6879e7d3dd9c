#include "data/csv/csv_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "config/scalar.h"
#include "data/csv/cell.h"
#include "data/csv/dialect.h"
#include "data/text_error.h"

namespace mlrun::data {
namespace {

constexpr size_t kSampleLines = 1000;

std::vector<CellView> cells_of(const SampleLine& line, char delimiter) {
  return split_line(trim_line(line.text, delimiter), delimiter);
}

std::vector<std::string> texts_of(const SampleLine& line, char delimiter) {
  std::vector<std::string> texts;
  std::string scratch;
  for (const CellView& cell : cells_of(line, delimiter)) {
    texts.emplace_back(plain_text(cell, scratch));
  }
  return texts;
}

class Planner {
 public:
  Planner(const std::filesystem::path& file, std::vector<SampleLine> lines, const Source& source)
      : file_(file), lines_(std::move(lines)), source_(source), spec_(source.spec) {}

  CsvPlan plan() {
    if (lines_.empty()) throw file_error(file_, "the file is empty");
    if (lines_.front().text.find('\r') != std::string_view::npos) {
      throw file_error(file_,
                       "lines end in a carriage return alone, as on a Macintosh of old; make them "
                       "line feeds: tr '\\r' '\\n' <old >new");
    }
    if (spec_.header == config::Header::kAuto && counts_the_table(lines_, kSampleLines)) {
      lines_.erase(lines_.begin());
      ++plan_.head_lines;
    }
    plan_.delimiter = choose_delimiter(lines_, spec_);
    plan_.header = has_header(lines_, plan_.delimiter, spec_);
    if (plan_.header) ++plan_.head_lines;
    if (lines_.size() == 1 && (plan_.header || looks_like_header())) {
      throw text_error(file_, {lines_[0].number, 1, lines_[0].text},
                       plan_.header ? "no rows after the header"
                                    : "no rows after the header; if this is a row, set "
                                      "dataset.header: none");
    }
    if (plan_.header) plan_.head = texts_of(lines_.front(), plan_.delimiter);
    plan_.missing = spec_.missing;
    plan_.missing_numbers = missing_numbers(spec_);
    name_columns();
    const TableError error_here = [this](const std::string& message) {
      return error(nullptr, message);
    };
    choose_uses(source_, error_here, plan_);
    see_rows();
    choose_texts(source_, error_here, plan_);
    return std::move(plan_);
  }

 private:
  std::vector<CellView> cells(const SampleLine& line) const {
    return cells_of(line, plan_.delimiter);
  }

  InputError error(const char* at, const std::string& message) const {
    const std::string_view line = lines_.front().text;
    const int column = at ? static_cast<int>(at - line.data()) + 1 : 1;
    return text_error(file_, {lines_.front().number, column, line}, message);
  }

  // A line of which nobody says what it is, and that holds no value but texts.
  bool looks_like_header() const {
    if (spec_.header != config::Header::kAuto || !source_.column_names.empty()) return false;
    const std::vector<CellView> first = cells(lines_.front());
    return std::none_of(first.begin(), first.end(), [this](const CellView& cell) {
      return is_number(cell.text) || is_missing(cell.text, spec_.missing);
    });
  }

  void name_columns() {
    const std::vector<CellView> first = cells(lines_.front());
    const std::vector<std::string>& given = source_.column_names;
    if (!given.empty() && given.size() != first.size()) {
      throw error(nullptr, fmt::format("the manifest names {} columns, but this line has {} cells",
                                       given.size(), first.size()));
    }
    std::set<std::string> seen;
    std::string scratch;
    for (size_t c = 0; c < first.size(); ++c) {
      ColumnPlan column;
      column.name = std::to_string(c);
      if (!given.empty()) {
        column.name = given[c];
      } else if (plan_.header && !first[c].text.empty()) {
        column.name = plain_text(first[c], scratch);
      }
      if (!seen.insert(column.name).second) {
        throw error(first[c].begin,
                    fmt::format("a second column named '{}'", shortened(column.name)));
      }
      plan_.columns.push_back(std::move(column));
    }
  }

  void see_rows() {
    for (size_t l = plan_.header ? 1 : 0; l < lines_.size(); ++l) {
      const std::vector<CellView> row = cells(lines_[l]);
      for (size_t c = 0; c < std::min(row.size(), plan_.columns.size()); ++c) {
        see_cell(lines_[l], row[c], plan_.columns[c]);
      }
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
                                 shortened(column.name), shortened(cell.text)));
  }

  const std::filesystem::path& file_;
  std::vector<SampleLine> lines_;
  const Source& source_;
  const config::DatasetSpec& spec_;
  CsvPlan plan_;
};

}  // namespace

void check_header(const CsvPlan& plan, const std::filesystem::path& file,
                  const SampleLine& header) {
  const std::vector<std::string> names = texts_of(header, plan.delimiter);
  if (names == plan.head) return;
  throw text_error(file, {header.number, 1, header.text},
                   fmt::format("the columns of all files must be named alike and in the same "
                               "order; those of the first are {}",
                               shortened(fmt::format("{}", fmt::join(plan.head, ", ")), 500)));
}

CsvPlan plan_csv(const std::filesystem::path& file, std::string_view first_lines,
                 const Source& source) {
  return Planner(file, sample_lines(first_lines, kSampleLines), source).plan();
}

}  // namespace mlrun::data
