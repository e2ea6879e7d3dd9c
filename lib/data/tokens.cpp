#include "data/tokens.h"

#include <algorithm>

#include "data/tokens/characters.h"
#include "data/tokens/words.h"

namespace mlrun::data {

std::vector<int32_t> Tokens::encode(std::string_view text,
                                    std::span<const std::string> names) const {
  std::vector<int32_t> tokens;
  for (const std::string& word : split(text)) {
    const auto found = std::find(names.begin(), names.end(), word);
    tokens.push_back(found == names.end() ? -1 : static_cast<int32_t>(found - names.begin()));
  }
  return tokens;
}

const config::Catalog& tokens_catalog() {
  static const config::Catalog catalog =
      config::Catalog(std::string(config::TokensKind::kName)).add<Characters>().add<Words>();
  return catalog;
}

const Tokens& tokens_of(const config::DatasetSpec& spec) {
  static const Characters characters;
  return spec.tokens ? spec.tokens.as<Tokens>() : characters;
}

std::vector<int32_t> number_words(const std::vector<std::string>& text, Dictionary& words) {
  std::vector<int32_t> numbers;
  numbers.reserve(text.size());
  for (const std::string& word : text) numbers.push_back(words.add(word, {}));
  return numbers;
}

std::vector<int64_t> count_words(const Dictionary& words, std::span<const int32_t> numbers) {
  std::vector<int64_t> counts(words.entries().size());
  for (const int32_t word : numbers) ++counts[static_cast<size_t>(word)];
  return counts;
}

}  // namespace mlrun::data
