#include "data/tokens/characters.h"

#include <algorithm>

#include "base/utf8.h"

namespace mlrun::data {

const config::FieldList& Characters::fields() {
  static const config::FieldList list("characters", "Every character is a token.");
  return list;
}

std::vector<std::string> Characters::split(std::string_view text) const {
  std::vector<std::string> characters;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(utf8_length(text.substr(at)), 1);
    characters.emplace_back(text.substr(at, length));
    at += length;
  }
  return characters;
}

std::vector<std::string> Characters::learn_names(const Dictionary& words,
                                                 std::span<const int64_t> counts,
                                                 std::vector<std::string> reserved) const {
  const auto first = static_cast<int64_t>(reserved.size());
  for (size_t word = 0; word < words.entries().size(); ++word) {
    if (counts[word] > 0) reserved.push_back(words.entries()[word].text);
  }
  std::sort(reserved.begin() + first, reserved.end());
  return reserved;
}

int64_t Characters::most_tokens(const Dictionary& words, int64_t reserved) const {
  return reserved + static_cast<int64_t>(words.entries().size());
}

}  // namespace mlrun::data
