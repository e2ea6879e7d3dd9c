// How a CSV file is written: its delimiter and whether it starts with names.
#pragma once

#include <string_view>
#include <vector>

#include "config/experiment.h"

namespace mlrun::data {

/// Lines that hold something, with their numbers.
struct SampleLine {
  std::string_view text;
  int number = 0;
};

/// The first lines of `text` that are not blank, at most `limit`.
std::vector<SampleLine> sample_lines(std::string_view text, size_t limit);

/// Whether the first of `lines` (the file's, or its first `limit`) says how many rows and features
/// follow: `150,4,setosa,versicolor,virginica`.
bool counts_the_table(const std::vector<SampleLine>& lines, size_t limit);

char choose_delimiter(const std::vector<SampleLine>& lines, const config::DatasetSpec& spec);

bool has_header(const std::vector<SampleLine>& lines, char delimiter,
                const config::DatasetSpec& spec);

bool is_missing(std::string_view text, const std::vector<std::string>& missing);

/// A number, with nothing around it.
bool is_number(std::string_view text);

}  // namespace mlrun::data
