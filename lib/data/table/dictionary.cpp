#include "data/table/dictionary.h"

#include <cmath>
#include <map>
#include <optional>

#include "config/scalar.h"

namespace mlrun::data {
namespace {

template <class Key>
std::vector<int32_t> ranks(const std::vector<Key>& keys, std::map<Key, int32_t>& order) {
  for (const Key& key : keys) order[key] = 0;
  int32_t rank = 0;
  for (auto& [key, value] : order) value = rank++;
  std::vector<int32_t> result;
  for (const Key& key : keys) result.push_back(order[key]);
  return result;
}

std::optional<std::vector<double>> as_numbers(const std::vector<Dictionary::Entry>& entries) {
  std::vector<double> numbers;
  for (const Dictionary::Entry& entry : entries) {
    const auto number = config::parse_float(entry.text);
    if (!number || std::abs(*number) >= kInexact) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace

int32_t Dictionary::add(std::string_view text, const TextOrigin& origin) {
  if (const auto found = codes_.find(text); found != codes_.end()) return found->second;
  const auto code = static_cast<int32_t>(entries_.size());
  entries_.push_back({std::string(text), origin});
  codes_.emplace(text, code);
  return code;
}

void Dictionary::clear() {
  codes_.clear();
  entries_.clear();
}

SortedClasses sort_classes(const Dictionary& dictionary, bool verbatim) {
  SortedClasses sorted;
  const auto numbers = verbatim ? std::nullopt : as_numbers(dictionary.entries());
  if (numbers) {
    std::map<double, int32_t> order;
    sorted.numeric = true;
    sorted.code = ranks(*numbers, order);
    for (const auto& [value, rank] : order) sorted.names.push_back(config::format_float(value));
  } else {
    std::vector<std::string> texts;
    for (const Dictionary::Entry& entry : dictionary.entries()) texts.push_back(entry.text);
    std::map<std::string, int32_t> order;
    sorted.code = ranks(texts, order);
    for (const auto& [text, rank] : order) sorted.names.push_back(text);
  }
  return sorted;
}

}  // namespace mlrun::data
