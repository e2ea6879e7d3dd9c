#include "base/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"

namespace mlrun {
namespace {

constexpr int kMaxExcerpt = 100;

// The part of a long line around the column; `column` becomes relative to what is returned.
std::string excerpt(std::string_view line, int& column) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (line.size() <= kMaxExcerpt) return std::string(line);
  const size_t caret = std::min<size_t>(static_cast<size_t>(std::max(column, 1) - 1), line.size());
  const size_t begin = caret > kMaxExcerpt / 2 ? caret - kMaxExcerpt / 2 : 0;
  std::string text = begin > 0 ? "..." : "";
  column = static_cast<int>(caret - begin + text.size()) + 1;
  text += line.substr(begin, kMaxExcerpt);
  if (begin + kMaxExcerpt < line.size()) text += "...";
  return text;
}

}  // namespace

std::string_view SourceText::line(int number) const {
  if (number < first_line) return {};
  std::string_view rest = text;
  for (int i = first_line; i < number; ++i) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  return rest.substr(0, rest.find('\n'));
}

std::string render_error(const Mark& mark, std::string_view message) {
  if (!mark.source) return fmt::format("error: {}", message);
  if (!mark.known()) return fmt::format("{}: error: {}", mark.source->name, message);
  int column = mark.column;
  std::string line = excerpt(mark.source->line(mark.line), column);
  std::replace(line.begin(), line.end(), '\t', ' ');
  std::string text =
      fmt::format("{}:{}:{}: error: {}", mark.source->name, mark.line, mark.column, message);
  if (!line.empty()) text += fmt::format("\n{}\n{:>{}}", line, '^', std::max(column, 1));
  return text;
}

void Diagnostics::error(const Mark& mark, std::string message) {
  entries_.push_back({mark, std::move(message)});
}

void Diagnostics::append(const Diagnostics& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

std::string Diagnostics::render() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    const auto key = [](const Entry* e) {
      return std::make_tuple(e->mark.source ? e->mark.source->name : "", e->mark.line,
                             e->mark.column);
    };
    return key(a) < key(b);
  });
  std::string text;
  for (const Entry* entry : order) {
    const std::string one = render_error(entry->mark, entry->message) + "\n";
    if (text.find(one) == std::string::npos) text += one;
  }
  if (!text.empty()) text.pop_back();
  return text;
}

void Diagnostics::throw_if_any() const {
  if (!ok()) throw InputError(render());
}

}  // namespace mlrun
