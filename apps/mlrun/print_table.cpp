#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "command.h"

namespace mlrun::app {
namespace {

using store::Column;
using store::Table;

bool is_text(const Column& column) {
  return std::holds_alternative<std::vector<std::string>>(column.values);
}

std::string number(double value, Format format) {
  if (format == Format::kJson && !std::isfinite(value)) return "null";
  if (std::isnan(value)) return "nan";  // whatever its sign
  return format == Format::kTable ? fmt::format("{:.4g}", value) : fmt::format("{}", value);
}

std::string json_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string csv_quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string cell(const Column& column, size_t row, Format format) {
  return std::visit(
      [&]<class T>(const std::vector<T>& values) -> std::string {
        if constexpr (std::is_same_v<T, std::string>) {
          if (format == Format::kJson) return json_quoted(values[row]);
          return format == Format::kCsv ? csv_quoted(values[row]) : values[row];
        } else if constexpr (std::is_floating_point_v<T>) {
          return number(values[row], format);
        } else {
          return fmt::format("{}", values[row]);
        }
      },
      column.values);
}

// Text to the left, numbers to the right; the last text column has no padding behind it.
void print_aligned(const Table& table) {
  std::vector<size_t> widths;
  for (const Column& column : table.columns) {
    size_t width = column.name.size();
    for (size_t i = 0; i < static_cast<size_t>(table.rows()); ++i) {
      width = std::max(width, cell(column, i, Format::kTable).size());
    }
    widths.push_back(width);
  }
  const auto print_row = [&](auto text_of) {
    std::string line;
    for (size_t c = 0; c < table.columns.size(); ++c) {
      if (c > 0) line += "  ";
      const std::string text = text_of(table.columns[c]);
      line += is_text(table.columns[c]) ? fmt::format("{:<{}}", text, widths[c])
                                        : fmt::format("{:>{}}", text, widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::puts(line.c_str());
  };
  print_row([](const Column& column) { return column.name; });
  for (size_t i = 0; i < static_cast<size_t>(table.rows()); ++i) {
    print_row([i](const Column& column) { return cell(column, i, Format::kTable); });
  }
}

void print_json(const Table& table) {
  std::string text = "[";
  for (size_t i = 0; i < static_cast<size_t>(table.rows()); ++i) {
    text += i == 0 ? "\n  {" : ",\n  {";
    for (size_t c = 0; c < table.columns.size(); ++c) {
      text += (c == 0 ? "" : ", ") + json_quoted(table.columns[c].name) + ": " +
              cell(table.columns[c], i, Format::kJson);
    }
    text += "}";
  }
  std::puts((text + "\n]").c_str());
}

void print_csv(const Table& table) {
  std::string header;
  for (const Column& column : table.columns) {
    header += (header.empty() ? "" : ",") + csv_quoted(column.name);
  }
  std::puts(header.c_str());
  for (size_t i = 0; i < static_cast<size_t>(table.rows()); ++i) {
    std::string line;
    for (size_t c = 0; c < table.columns.size(); ++c) {
      line += (c == 0 ? "" : ",") + cell(table.columns[c], i, Format::kCsv);
    }
    std::puts(line.c_str());
  }
}

}  // namespace

void print_table(const Table& table, Format format) {
  switch (format) {
    case Format::kTable:
      return print_aligned(table);
    case Format::kJson:
      return print_json(table);
    case Format::kCsv:
      return print_csv(table);
  }
}

}  // namespace mlrun::app
