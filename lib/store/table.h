// Tables: named columns of one length.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace mlrun::store {

struct Column {
  using Values = std::variant<std::vector<double>, std::vector<float>, std::vector<int64_t>,
                              std::vector<int32_t>, std::vector<std::string>>;

  std::string name;
  Values values;

  int64_t rows() const;
  bool operator==(const Column&) const = default;
};

struct Table {
  std::vector<Column> columns;

  /// Rows of the first column; 0 without columns.
  int64_t rows() const;
  /// Null if there is none.
  const Column* find(std::string_view name) const;
  /// Throws Error "column 'b' has 2 rows, 'a' has 3" unless all columns are of one length.
  void check_lengths() const;

  bool operator==(const Table&) const = default;
};

}  // namespace mlrun::store
