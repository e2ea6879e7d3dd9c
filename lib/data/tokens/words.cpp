#include "data/tokens/words.h"

#include <algorithm>
#include <numeric>

#include "data/tokens/letters.h"

namespace mlrun::data {
namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

size_t word_end(std::string_view text, size_t at) {
  if (!is_letter(text[at])) return at + 1;
  while (at < text.size()) {
    const bool joined =
        (text[at] == '\'' || text[at] == '-') && at + 1 < text.size() && is_letter(text[at + 1]);
    if (!is_letter(text[at]) && !joined) break;
    ++at;
  }
  return at;
}

}  // namespace

const config::FieldList& Words::fields() {
  static const config::FieldList list =
      config::FieldListOf<Words>("words", "Words and punctuation marks are tokens.")
          .field("vocabulary", &Words::vocabulary,
                 "keep the most frequent ones, so that there are at most this many tokens",
                 config::required, config::at_least(3), config::count())
          .field("minimum_count", &Words::minimum_count, "rarer words are not known",
                 config::at_least(1))
          .field("lowercase", &Words::lowercase, "take A for a; of ASCII letters");
  return list;
}

std::vector<std::string> Words::split(std::string_view text) const {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    if (is_space(text[at])) {
      ++at;
      continue;
    }
    const size_t end = word_end(text, at);
    std::string& word = words.emplace_back(text.substr(at, end - at));
    if (lowercase) to_lower(word);
    at = end;
  }
  return words;
}

std::vector<std::string> Words::learn_names(const Dictionary& words,
                                            std::span<const int64_t> counts,
                                            std::vector<std::string> reserved) const {
  std::vector<size_t> order(words.entries().size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t word) { return counts[word] < minimum_count; });
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (counts[a] != counts[b]) return counts[a] > counts[b];
    return words.entries()[a].text < words.entries()[b].text;
  });
  const auto most = static_cast<size_t>(vocabulary);
  for (size_t i = 0; i < order.size() && reserved.size() < most; ++i) {
    reserved.push_back(words.entries()[order[i]].text);
  }
  return reserved;
}

int64_t Words::most_tokens(const Dictionary& words, int64_t reserved) const {
  const auto all = reserved + static_cast<int64_t>(words.entries().size());
  return std::max(reserved, std::min(vocabulary, all));
}

}  // namespace mlrun::data
