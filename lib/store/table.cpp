#include "store/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace mlrun::store {

int64_t Column::rows() const {
  return std::visit([](const auto& list) { return static_cast<int64_t>(list.size()); }, values);
}

int64_t Table::rows() const { return columns.empty() ? 0 : columns.front().rows(); }

const Column* Table::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(columns, [&](const Column& column) { return column.name == name; });
  return found == columns.end() ? nullptr : &*found;
}

void Table::check_lengths() const {
  for (const Column& column : columns) {
    if (column.rows() == rows()) continue;
    throw Error(fmt::format("column '{}' has {} rows, '{}' has {}", column.name, column.rows(),
                            columns.front().name, rows()));
  }
}

}  // namespace mlrun::store
