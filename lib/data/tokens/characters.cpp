#include "data/tokens/characters.h"

#include <algorithm>
#include <numeric>

#include "base/utf8.h"
#include "data/tokens/whole_words.h"

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

Vocabulary Characters::learn(const Dictionary& words, std::span<const int64_t> counts,
                             std::vector<std::string> reserved) const {
  std::vector<size_t> order(words.entries().size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return words.entries()[a].text < words.entries()[b].text; });
  std::erase_if(order, [&](size_t word) { return counts[word] == 0; });
  return whole_words(words, counts, order, std::move(reserved));
}

int64_t Characters::most_tokens(const Dictionary& words, int64_t reserved) const {
  return reserved + static_cast<int64_t>(words.entries().size());
}

}  // namespace mlrun::data
