#include "data/csv/dialect.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "data/csv/cell.h"
#include "data/refuse.h"

namespace mlrun::data {
namespace {

constexpr std::array kDelimiters = {',', ';', '\t', ' '};

size_t count_cells(const SampleLine& line, char delimiter) {
  return split_line(trim_line(line.text, delimiter), delimiter).size();
}

// Cells per line if all lines have the same number, else 0.
size_t even_cells(const std::vector<SampleLine>& lines, char delimiter) {
  const size_t cells = count_cells(lines.front(), delimiter);
  const bool even = std::all_of(lines.begin(), lines.end(), [&](const SampleLine& line) {
    return count_cells(line, delimiter) == cells;
  });
  return even ? cells : 0;
}

char guess_delimiter(const std::vector<SampleLine>& lines) {
  for (const char delimiter : kDelimiters) {
    if (even_cells(lines, delimiter) > 1) return delimiter;
  }
  // Some line is ragged: the errors that follow are best with what cuts the first line most.
  return *std::max_element(kDelimiters.begin(), kDelimiters.end(), [&](char a, char b) {
    return count_cells(lines.front(), a) < count_cells(lines.front(), b);
  });
}

bool holds_name(const std::vector<CellView>& cells, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return !is_number(name) && std::any_of(cells.begin(), cells.end(),
                                           [&](const CellView& cell) { return cell.text == name; });
  });
}

bool is_count(std::string_view text, size_t count) { return text == std::to_string(count); }

}  // namespace

bool counts_the_table(const std::vector<SampleLine>& lines, size_t limit) {
  if (lines.size() < 3) return false;
  const auto first = split_line(lines[0].text, ',');
  const auto row = split_line(lines[2].text, ',');  // lines[1] may name the columns
  if (first.size() < 2 || row.size() < 2 || !is_count(first[1].text, row.size() - 1)) return false;
  const size_t rows = lines.size() - 1;
  const bool whole_file = lines.size() < limit;
  const bool counts_rows = is_count(first[0].text, rows) || is_count(first[0].text, rows - 1);
  if (whole_file ? !counts_rows : !is_number(first[0].text)) return false;
  for (size_t c = 2; c < first.size(); ++c) {  // the names of the classes, above numbers
    const bool name = first[c].text.empty() ||
                      (!is_number(first[c].text) && (c >= row.size() || is_number(row[c].text)));
    if (!name) return false;
  }
  return true;
}

std::vector<SampleLine> sample_lines(std::string_view text, size_t limit) {
  std::vector<SampleLine> lines;
  for (int number = 1; !text.empty() && lines.size() < limit; ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = trim_line(text.substr(0, end), ',');
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back({line, number});
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

char choose_delimiter(const std::vector<SampleLine>& lines, const config::DatasetSpec& spec) {
  if (!spec.delimiter) return guess_delimiter(lines);
  if (*spec.delimiter == "tab" || *spec.delimiter == "\\t") return '\t';
  if (*spec.delimiter == "space") return ' ';
  if (spec.delimiter->size() == 1) return spec.delimiter->front();
  refuse(spec, "delimiter must be one character, 'tab' or 'space', not '" + *spec.delimiter + "'");
}

bool has_header(const std::vector<SampleLine>& lines, char delimiter,
                const config::DatasetSpec& spec) {
  if (spec.header != config::Header::kAuto) return spec.header == config::Header::kPresent;
  const auto first = split_line(trim_line(lines.front().text, delimiter), delimiter);
  if (holds_name(first, spec.target) || holds_name(first, spec.features)) return true;
  const auto plain = [&](const CellView& cell) {
    return is_number(cell.text) || is_missing(cell.text, spec.missing);
  };
  std::vector<bool> candidate;
  for (const CellView& cell : first) candidate.push_back(lines.size() > 1 && !plain(cell));
  for (size_t i = 1; i < lines.size(); ++i) {
    const auto cells = split_line(trim_line(lines[i].text, delimiter), delimiter);
    for (size_t c = 0; c < std::min(cells.size(), candidate.size()); ++c) {
      if (!plain(cells[c])) candidate[c] = false;
    }
  }
  return std::find(candidate.begin(), candidate.end(), true) != candidate.end();
}

bool is_missing(std::string_view text, const std::vector<std::string>& missing) {
  return std::find(missing.begin(), missing.end(), text) != missing.end();
}

bool is_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error != std::errc::invalid_argument && end == text.data() + text.size();
}

}  // namespace mlrun::data
