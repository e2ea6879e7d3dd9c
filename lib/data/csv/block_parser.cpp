#include "data/csv/block_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "data/csv/cell.h"
#include "data/csv/dialect.h"
#include "data/csv/plain_number.h"

namespace mlrun::data {
namespace {

struct BadCell {
  const char* at;
  std::string message;
};

const char* kind_of(ColumnUse use) {
  if (use == ColumnUse::kTarget) return "target";
  return use == ColumnUse::kGroup ? "group" : "column";
}

class BlockParser {
 public:
  BlockParser(const CsvPlan& plan, ParsedBlock& out) : plan_(plan), out_(out) {}

  void parse(std::string_view text, int64_t most_rows) {
    out_.start(plan_);
    out_.lines = 0;
    out_.failure.reset();
    while (!text.empty() && !out_.failure && out_.rows < most_rows) {
      const size_t end = text.find('\n');
      parse_line(trim_line(text.substr(0, end), plan_.delimiter));
      ++out_.lines;
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    out_.finish(plan_);
  }

 private:
  void parse_line(std::string_view line) {
    if (line.find_first_not_of(" \t") == std::string_view::npos) return;
    line_begin_ = line.data();
    line_end_ = line.data() + line.size();
    try {
      parse_row();
      ++out_.rows;
    } catch (const BadCell& bad) {
      const int column = static_cast<int>(bad.at - line.data()) + 1;
      out_.failure = {out_.lines, column, std::string(line), bad.message};
    }
  }

  void parse_row() {
    const auto row = static_cast<size_t>(out_.rows);
    const auto width = static_cast<size_t>(plan_.features);
    if (out_.features.size() < (row + 1) * width) out_.features.resize(2 * (row + 1) * width);
    row_ = out_.features.data() + row * width;
    if (!plan_.classes) out_.exact.resize((row + 1) * static_cast<size_t>(plan_.targets));
    const char* at = line_begin_;
    const size_t count = plan_.columns.size();
    for (size_t c = 0; c < count; ++c) {
      at = parse_cell(plan_.columns[c], at);
      const bool last = c + 1 == count;
      if (last != (at == line_end_)) fail_ragged();
      if (!last) at = after_delimiter(at, line_end_, plan_.delimiter);
    }
  }

  const char* parse_cell(const ColumnPlan& column, const char* at) {
    if (!column.text && column.use != ColumnUse::kIgnore) {
      const char* const next =
          column.exact() ? parse_exact(column, at) : parse_number<float>(column, at);
      if (next) return next;
    }
    const CellView cell = read_cell(at, line_end_, plan_.delimiter);
    if (cell.open) {
      throw BadCell{at, fmt::format("the quoted cell of column '{}' does not end on this line",
                                    shortened(column.name))};
    }
    if (cell.trailing) {
      throw BadCell{at, fmt::format("the cell of column '{}' goes on behind its closing quote",
                                    shortened(column.name))};
    }
    if (column.use == ColumnUse::kIgnore) return cell.next;
    if (column.text) {
      put_text(column, cell);
    } else {
      const double value = number(column, cell);
      if (column.exact()) {
        put_number(column, at, value);
      } else {
        put_number(column, at, static_cast<float>(value));
      }
    }
    return cell.next;
  }

  // Most cells are plain numbers: no need to find their end first. Null for others.
  template <class Number>
  const char* parse_number(const ColumnPlan& column, const char* at) {
    Number value = 0;
    const char* const plain = parse_plain_number(at, line_end_, value);
    if (plain && (plain == line_end_ || *plain == plan_.delimiter)) {
      put_number(column, at, value);
      return plain;
    }
    const auto [next, error] = std::from_chars(at, line_end_, value);
    if (error == std::errc() && (next == line_end_ || *next == plan_.delimiter) &&
        std::isfinite(static_cast<float>(value))) {
      put_number(column, at, value);
      return next;
    }
    return nullptr;
  }

  // Not beside the usual way, which is the shorter for it.
  [[gnu::noinline]] const char* parse_exact(const ColumnPlan& column, const char* at) {
    return parse_number<double>(column, at);
  }

  double number(const ColumnPlan& column, const CellView& cell) const {
    std::string_view text = cell.text;
    if (is_missing(text, plan_.missing)) return kMissing;
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::invalid_argument || end != text.data() + text.size()) {
      throw BadCell{cell.begin, fmt::format("'{}' is not a number ({} '{}')", shortened(cell.text),
                                            kind_of(column.use), shortened(column.name))};
    }
    // Out of double's range: from_chars does not say on which side.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    const bool outside = error == std::errc::result_out_of_range && !tiny;
    const auto narrow = static_cast<float>(value);
    if (outside || std::isinf(narrow)) {
      throw BadCell{cell.begin, fmt::format("'{}' is out of range ({} '{}')", shortened(cell.text),
                                            kind_of(column.use), shortened(column.name))};
    }
    return value;
  }

  template <class Number>
  void put_number(const ColumnPlan& column, const char* at, Number value) {
    if (!plan_.missing_numbers.empty() &&
        std::find(plan_.missing_numbers.begin(), plan_.missing_numbers.end(),
                  static_cast<float>(value)) != plan_.missing_numbers.end()) {
      value = kMissing;
    }
    const auto slot = static_cast<size_t>(column.slot);
    if (column.use == ColumnUse::kFeature) {
      if constexpr (std::is_same_v<Number, double>) value -= column.origin;
      row_[slot] = static_cast<float>(value);
      out_.missing[slot] += std::isnan(value);
    } else {
      if (std::isnan(value) && !plan_.any_target) fail_missing(column, at);
      out_.exact[out_.exact.size() - static_cast<size_t>(plan_.targets) + slot] = value;
    }
  }

  void put_text(const ColumnPlan& column, const CellView& cell) {
    const auto slot = static_cast<size_t>(column.slot);
    std::string_view text = plain_text(cell, scratch_);
    bool missing = is_missing(text, plan_.missing);
    if (missing && plan_.any_target && column.use == ColumnUse::kTarget) {
      text = {};
      missing = false;
    }
    if (missing && column.use != ColumnUse::kFeature) fail_missing(column, cell.begin);
    if (missing) {
      row_[slot] = kMissing;
      ++out_.missing[slot];
      return;
    }
    const int at = static_cast<int>(cell.begin - line_begin_) + 1;
    const int32_t code =
        out_.dictionaries[static_cast<size_t>(column.dictionary)].add(text, {0, out_.lines, at});
    if (column.use == ColumnUse::kFeature) row_[slot] = static_cast<float>(code);
    if (column.use == ColumnUse::kTarget) out_.classes.push_back(code);
    if (column.use == ColumnUse::kGroup) out_.groups.push_back(code);
  }

  [[noreturn]] void fail_missing(const ColumnPlan& column, const char* at) const {
    throw BadCell{at, fmt::format("the value of {} '{}' is missing", kind_of(column.use),
                                  shortened(column.name))};
  }

  [[noreturn]] void fail_ragged() const {
    const std::string_view line(line_begin_, static_cast<size_t>(line_end_ - line_begin_));
    const std::vector<CellView> cells = split_line(line, plan_.delimiter);
    const size_t expected = plan_.columns.size();
    throw BadCell{cells.size() > expected ? cells[expected].begin : line_end_,
                  fmt::format("expected {} cells, found {}", expected, cells.size())};
  }

  const CsvPlan& plan_;
  ParsedBlock& out_;
  const char* line_begin_ = nullptr;
  const char* line_end_ = nullptr;
  float* row_ = nullptr;
  std::string scratch_;
};

}  // namespace

void parse_block(const CsvPlan& plan, std::string_view text, int64_t most_rows, ParsedBlock& out) {
  BlockParser(plan, out).parse(text, most_rows);
}

}  // namespace mlrun::data
