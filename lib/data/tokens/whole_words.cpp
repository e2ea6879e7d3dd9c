#include "data/tokens/whole_words.h"

namespace mlrun::data {

Vocabulary whole_words(const Dictionary& words, std::span<const int64_t> counts,
                       std::span<const size_t> order, std::vector<std::string> reserved) {
  const auto unknown = static_cast<int32_t>(reserved.size()) - 1;
  Vocabulary vocabulary;
  vocabulary.names = std::move(reserved);
  vocabulary.pieces.assign(words.entries().size(), unknown);
  for (const size_t word : order) {
    vocabulary.pieces[word] = static_cast<int32_t>(vocabulary.names.size());
    vocabulary.names.push_back(words.entries()[word].text);
  }
  vocabulary.counts.assign(vocabulary.names.size(), 0);
  for (size_t word = 0; word < words.entries().size(); ++word) {
    vocabulary.begin.push_back(word + 1);
    if (counts[word] == 0) continue;
    vocabulary.counts[static_cast<size_t>(vocabulary.pieces[word])] += counts[word];
  }
  return vocabulary;
}

}  // namespace mlrun::data
