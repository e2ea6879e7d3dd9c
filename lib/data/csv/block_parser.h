// Lines of a CSV file to rows of numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/csv/csv_plan.h"
#include "data/table/table_block.h"

namespace mlrun::data {

struct ParsedBlock : TableBlock {
  struct Failure {
    int64_t line = 0;  ///< from 0, in the block
    int column = 0;
    std::string text;
    std::string message;
  };

  int64_t lines = 0;
  std::optional<Failure> failure;  ///< why it stopped after `rows`
};

/// Reads lines until the end, the first that is wrong, or `most_rows` rows; blank lines are left
/// out. `out` is reused: no allocation in the long run.
void parse_block(const CsvPlan& plan, std::string_view text, int64_t most_rows, ParsedBlock& out);

}  // namespace mlrun::data
