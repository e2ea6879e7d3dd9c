#include "base/source.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/error.h"
#include "base/utf8.h"

namespace mlrun {
namespace {

constexpr size_t kMaxExcerpt = 100;

// The characters of a line, fit for a terminal: what is no text becomes '?', a tab a blank.
std::vector<std::string> characters(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  std::vector<std::string> all;
  while (!line.empty()) {
    const size_t length = std::max<size_t>(utf8_length(line), 1);
    const std::string_view one = line.substr(0, length);
    all.emplace_back(one == "\t" ? " " : find_non_text(one) == 0 ? "?" : one);
    line.remove_prefix(length);
  }
  return all;
}

// The line, or the part of a long one around character `caret` (from 0), and a caret below it.
std::string excerpt(const std::vector<std::string>& line, size_t caret) {
  const size_t begin = line.size() > kMaxExcerpt && caret > kMaxExcerpt / 2
                           ? std::min(caret, line.size()) - kMaxExcerpt / 2
                           : 0;
  const size_t end = std::min(begin + kMaxExcerpt, line.size());
  const std::string before = begin > 0 ? "..." : "";
  std::string text = before;
  for (size_t i = begin; i < end; ++i) text += line[i];
  if (end < line.size()) text += "...";
  return fmt::format("{}\n{:>{}}", text, '^', before.size() + caret - begin + 1);
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
  const std::string_view line = mark.source->line(mark.line);
  const auto before = static_cast<size_t>(std::max(mark.column, 1) - 1);
  const std::string_view left = line.substr(0, before);
  const size_t column = characters(left).size() + (before - left.size());
  std::string text =
      fmt::format("{}:{}:{}: error: {}", mark.source->name, mark.line, column + 1, message);
  const std::vector<std::string> shown = characters(line);
  if (!shown.empty()) text += "\n" + excerpt(shown, column);
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
