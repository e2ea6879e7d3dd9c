// The cells of one line of a CSV file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mlrun::data {

/// Cells are separated by one delimiter each; by any number of blanks if the delimiter is a blank.
struct CellView {
  std::string_view text;        ///< without surrounding blanks and quotes
  const char* begin = nullptr;  ///< where it starts in the line
  const char* next = nullptr;   ///< its delimiter, or the line's end
  bool doubled = false;         ///< the text holds "" for "
  bool open = false;            ///< a quote that does not end on this line
  bool trailing = false;        ///< something but blanks between the closing quote and `next`
};

/// The cell that starts at `begin`.
CellView read_cell(const char* begin, const char* line_end, char delimiter);

/// The cell's text, with "" as ". `scratch` holds it if it had to be changed.
std::string_view plain_text(const CellView& cell, std::string& scratch);

/// Where the next cell starts, given its delimiter.
const char* after_delimiter(const char* at, const char* line_end, char delimiter);

/// A line without its end-of-line characters and, if the delimiter is a blank, without blanks
/// around it.
std::string_view trim_line(std::string_view line, char delimiter);

/// All cells of a trimmed line.
std::vector<CellView> split_line(std::string_view line, char delimiter);

}  // namespace mlrun::data
