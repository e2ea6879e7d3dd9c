// What becomes of a CSV file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv/dialect.h"
#include "data/source.h"
#include "data/table/table_plan.h"

namespace mlrun::data {

/// A table plan and how its text is written. Fixed after the first lines of the first file.
struct CsvPlan : TablePlan {
  char delimiter = ',';
  bool header = false;            ///< whether a line names the columns
  int head_lines = 0;             ///< lines before the rows, blank ones not counted
  std::vector<std::string> head;  ///< the cells of the header
  std::vector<std::string> missing;
  std::vector<float> missing_numbers;  ///< those of `missing` that are numbers
};

/// Plans from the first lines of a file. The delimiter, unless given, is the one of , ; tab that
/// cuts every line into the same number of cells, at least two; else blanks; else the comma.
///
/// With `header: auto` a first line that counts the rows and features, as in scikit-learn's files
/// (150,4,setosa,versicolor,virginica), is passed over. Then the first line is a header if it holds
/// the name of a target or feature of the spec, or a cell that is neither a number nor missing in a
/// column whose other cells here are numbers or missing.
///
/// A column is text if one of its first cells is neither a number nor missing, if it is listed as
/// categorical, or if it is the target or the group of a classification.
CsvPlan plan_csv(const std::filesystem::path& file, std::string_view first_lines,
                 const Source& source);

/// Throws InputError if the header of a further file, its line `header`, is not that of the first.
void check_header(const CsvPlan& plan, const std::filesystem::path& file, const SampleLine& header);

}  // namespace mlrun::data
