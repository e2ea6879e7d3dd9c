// What becomes of every column of a CSV file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/source.h"

namespace mlrun::data {

enum class ColumnUse { kIgnore, kFeature, kTarget, kGroup };

struct ColumnPlan {
  std::string name;
  ColumnUse use = ColumnUse::kFeature;
  bool text = false;    ///< a dictionary of its texts, else a number
  int slot = 0;         ///< position among the columns of the same use
  int dictionary = -1;  ///< of a text column
};

/// Fixed after the first lines of the first file.
struct TablePlan {
  char delimiter = ',';
  bool header = false;
  std::vector<ColumnPlan> columns;
  int features = 0;
  int targets = 0;
  int dictionaries = 0;
  bool groups = false;
  bool classes = false;  ///< the target is a text column
  std::vector<std::string> missing;
  std::vector<float> missing_numbers;  ///< those of `missing` that are numbers
};

/// Plans from the first lines of a file. The delimiter, unless given, is the one of , ; tab that
/// cuts every line into the same number of cells, at least two; else blanks; else the comma.
///
/// With `header: auto` the first line is a header if it holds the name of a target or feature of
/// the spec, or a cell that is neither a number nor missing in a column whose other cells here are
/// numbers or missing.
///
/// A column is text if one of its first cells is neither a number nor missing, if it is listed as
/// categorical, or if it is the target or the group of a classification.
TablePlan plan_table(const std::filesystem::path& file, std::string_view first_lines,
                     const Source& source);

}  // namespace mlrun::data
