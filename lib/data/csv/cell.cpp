#include "data/csv/cell.h"

#include <algorithm>

namespace mlrun::data {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view without_blanks(const char* begin, const char* end) {
  while (begin < end && is_blank(*begin)) ++begin;
  while (begin < end && is_blank(end[-1])) --end;
  return {begin, static_cast<size_t>(end - begin)};
}

CellView read_quoted(const char* begin, const char* quote, const char* line_end, char delimiter) {
  CellView cell;
  cell.begin = begin;
  const char* at = quote + 1;
  for (; at < line_end; ++at) {
    if (*at != '"') continue;
    if (at + 1 == line_end || at[1] != '"') break;
    cell.doubled = true;
    ++at;
  }
  cell.open = at >= line_end;
  const char* end = std::min(at, line_end);
  cell.text = {quote + 1, static_cast<size_t>(end - quote - 1)};
  cell.next = std::find(end, line_end, delimiter);
  cell.trailing = !cell.open && !without_blanks(end + 1, cell.next).empty();
  return cell;
}

}  // namespace

CellView read_cell(const char* begin, const char* line_end, char delimiter) {
  const char* start = begin;
  while (start < line_end && is_blank(*start) && *start != delimiter) ++start;
  if (start < line_end && *start == '"') return read_quoted(begin, start, line_end, delimiter);
  CellView cell;
  cell.begin = begin;
  cell.next = std::find(start, line_end, delimiter);
  cell.text = without_blanks(start, cell.next);
  return cell;
}

std::string_view plain_text(const CellView& cell, std::string& scratch) {
  if (!cell.doubled) return cell.text;
  scratch.clear();
  for (size_t i = 0; i < cell.text.size(); ++i) {
    scratch += cell.text[i];
    if (cell.text[i] == '"') ++i;
  }
  return scratch;
}

const char* after_delimiter(const char* at, const char* line_end, char delimiter) {
  ++at;
  if (delimiter != ' ') return at;
  while (at < line_end && *at == ' ') ++at;
  return at;
}

std::string_view trim_line(std::string_view line, char delimiter) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (delimiter != ' ') return line;
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return line;
}

std::vector<CellView> split_line(std::string_view line, char delimiter) {
  std::vector<CellView> cells;
  const char* at = line.data();
  const char* end = at + line.size();
  for (;;) {
    cells.push_back(read_cell(at, end, delimiter));
    if (cells.back().next == end) return cells;
    at = after_delimiter(cells.back().next, end, delimiter);
  }
}

}  // namespace mlrun::data
