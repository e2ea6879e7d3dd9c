// Lines of a CSV file to rows of numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv/dictionary.h"
#include "data/csv/table_plan.h"

namespace mlrun::data {

/// The rows of one block. Texts are codes of the block's own dictionaries.
struct ParsedBlock {
  struct Failure {
    int64_t line = 0;  ///< from 0, in the block
    int column = 0;
    std::string text;
    std::string message;
  };

  int64_t rows = 0;
  int64_t lines = 0;
  std::vector<float> features;  ///< rows x plan.features (and room for more)
  std::vector<float> values;    ///< rows x plan.targets, unless they are classes
  std::vector<int32_t> classes;
  std::vector<int32_t> groups;
  std::vector<int64_t> missing;  ///< of each feature
  std::vector<Dictionary> dictionaries;
  std::optional<Failure> failure;  ///< why it stopped after `rows`
};

/// Reads lines until the end, the first that is wrong, or `most_rows` rows; blank lines are left
/// out. `out` is reused: no allocation in the long run.
void parse_block(const TablePlan& plan, std::string_view text, int64_t most_rows, ParsedBlock& out);

}  // namespace mlrun::data
