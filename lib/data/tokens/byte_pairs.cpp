#include "data/tokens/byte_pairs.h"

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "data/tokens/letters.h"
#include "data/tokens/pair_counts.h"

namespace mlrun::data {
namespace {

size_t character_end(std::string_view text, size_t at) {
  return at + std::max<size_t>(utf8_length(text.substr(at)), 1);
}

std::vector<std::string_view> characters(std::string_view word) {
  std::vector<std::string_view> all;
  for (size_t at = 0; at < word.size(); at += all.back().size()) {
    all.push_back(word.substr(at, character_end(word, at) - at));
  }
  return all;
}

// The most frequent ones, equals by their bytes.
void add_characters(const Dictionary& words, std::span<const int64_t> counts, size_t most,
                    std::vector<std::string>& names) {
  std::map<std::string_view, int64_t> found;
  for (size_t word = 0; word < words.entries().size(); ++word) {
    if (counts[word] == 0) continue;
    for (const std::string_view one : characters(words.entries()[word].text)) {
      found[one] += counts[word];
    }
  }
  std::vector<std::pair<int64_t, std::string_view>> order;
  for (const auto& [character, count] : found) order.emplace_back(-count, character);
  std::sort(order.begin(), order.end());
  for (size_t i = 0; i < order.size() && names.size() < most; ++i) {
    names.emplace_back(order[i].second);
  }
}

// Joins the two neighbours whose joint token is the earliest one, until there are none.
void join_pieces(const TokenNumbers& numbers, std::vector<std::string_view>& pieces) {
  while (pieces.size() > 1) {
    size_t best = pieces.size();
    int32_t earliest = 0;
    for (size_t i = 0; i + 1 < pieces.size(); ++i) {
      const std::string_view joint(pieces[i].data(), pieces[i].size() + pieces[i + 1].size());
      const auto token = numbers.find(joint);
      if (token == numbers.end() || (best < pieces.size() && token->second >= earliest)) continue;
      best = i;
      earliest = token->second;
    }
    if (best == pieces.size()) return;
    pieces[best] = {pieces[best].data(), pieces[best].size() + pieces[best + 1].size()};
    pieces.erase(pieces.begin() + static_cast<int64_t>(best) + 1);
  }
}

}  // namespace

const config::FieldList& BytePairs::fields() {
  static const config::FieldList list =
      config::FieldListOf<BytePairs>("byte_pairs",
                                     "Characters, and the most frequent pairs of tokens.")
          .field("vocabulary", &BytePairs::vocabulary, "join pairs until there are so many tokens",
                 config::required, config::at_least(3), config::count())
          .field("lowercase", &BytePairs::lowercase, "take A for a; of ASCII letters");
  return list;
}

std::vector<std::string> BytePairs::split(std::string_view text) const {
  std::vector<std::string> words;
  for (size_t at = 0; at < text.size();) {
    const size_t letters = text[at] == ' ' ? at + 1 : at;
    size_t end = letters;
    while (end < text.size() && is_letter(text[end])) ++end;
    if (end == letters) end = character_end(text, at);
    std::string& word = words.emplace_back(text.substr(at, end - at));
    if (lowercase) to_lower(word);
    at = end;
  }
  return words;
}

std::vector<std::string> BytePairs::learn_names(const Dictionary& words,
                                                std::span<const int64_t> counts,
                                                std::vector<std::string> reserved) const {
  const auto most = static_cast<size_t>(vocabulary);
  std::vector<std::string> names = std::move(reserved);
  add_characters(words, counts, most, names);
  PairCounts pairs(names);
  const TokenNumbers numbers = number_names(names);
  for (size_t word = 0; word < words.entries().size(); ++word) {
    if (counts[word] == 0) continue;
    std::vector<int32_t> pieces;
    for (const std::string_view one : characters(words.entries()[word].text)) {
      const auto found = numbers.find(one);
      pieces.push_back(found == numbers.end() ? -1 : found->second);
    }
    pairs.add(std::move(pieces), counts[word]);
  }
  while (pairs.names().size() < most && pairs.join_most_frequent()) {
  }
  return pairs.take_names();
}

WordEncoder BytePairs::encoder(std::span<const std::string> names) const {
  return [numbers = number_names(names)](std::string_view word, std::vector<int32_t>& tokens) {
    std::vector<std::string_view> pieces = characters(word);
    join_pieces(numbers, pieces);
    for (const std::string_view piece : pieces) {
      const auto found = numbers.find(piece);
      tokens.push_back(found == numbers.end() ? -1 : found->second);
    }
  };
}

// Every join makes the words at least one piece shorter.
int64_t BytePairs::most_tokens(const Dictionary& words, int64_t reserved) const {
  int64_t all = reserved;
  for (const Dictionary::Entry& word : words.entries()) {
    all += static_cast<int64_t>(word.text.size());
  }
  return std::max(reserved, std::min(vocabulary, all));
}

}  // namespace mlrun::data
