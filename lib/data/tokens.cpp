#include "data/tokens.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "data/tokens/byte_pairs.h"
#include "data/tokens/characters.h"
#include "data/tokens/of_model.h"
#include "data/tokens/words.h"

namespace mlrun::data {

WordEncoder Tokens::encoder(std::span<const std::string> names) const {
  return [numbers = number_names(names)](std::string_view word, std::vector<int32_t>& tokens) {
    const auto found = numbers.find(word);
    tokens.push_back(found == numbers.end() ? -1 : found->second);
  };
}

Vocabulary Tokens::learn(const Dictionary& words, std::span<const int64_t> counts,
                         std::vector<std::string> reserved) const {
  Vocabulary vocabulary;
  vocabulary.names = learn_names(words, counts, std::move(reserved));
  const std::vector<std::string>& names = vocabulary.names;
  const auto unknown =
      static_cast<int32_t>(std::find(names.begin(), names.end(), kUnknown) - names.begin());
  vocabulary.counts.assign(names.size(), 0);
  const WordEncoder encode = encoder(names);
  for (size_t word = 0; word < words.entries().size(); ++word) {
    encode(words.entries()[word].text, vocabulary.pieces);
    for (size_t i = vocabulary.begin.back(); i < vocabulary.pieces.size(); ++i) {
      int32_t& token = vocabulary.pieces[i];
      if (token < 0) token = unknown;
      if (token == static_cast<int32_t>(names.size())) {
        throw InputError(fmt::format("the text holds '{}', which the tokens do not know",
                                     words.entries()[word].text));
      }
      vocabulary.counts[static_cast<size_t>(token)] += counts[word];
    }
    vocabulary.begin.push_back(vocabulary.pieces.size());
  }
  return vocabulary;
}

std::vector<int32_t> Tokens::encode(std::string_view text,
                                    std::span<const std::string> names) const {
  std::vector<int32_t> tokens;
  const WordEncoder encode_word = encoder(names);
  for (const std::string& word : split(text)) encode_word(word, tokens);
  return tokens;
}

TokenNumbers number_names(std::span<const std::string> names) {
  TokenNumbers numbers;
  for (size_t i = 0; i < names.size(); ++i) numbers.emplace(names[i], static_cast<int32_t>(i));
  return numbers;
}

const config::Catalog& tokens_catalog() {
  static const config::Catalog catalog = config::Catalog(std::string(config::TokensKind::kName))
                                             .add<BytePairs>()
                                             .add<Characters>()
                                             .add<OfModel>()
                                             .add<Words>();
  return catalog;
}

std::shared_ptr<const Tokens> open_tokens(const config::DatasetSpec& spec,
                                          const std::filesystem::path& base) {
  if (!spec.tokens) return std::make_shared<Characters>();
  const auto* stored = dynamic_cast<const OfModel*>(spec.tokens.object.get());
  if (stored) return stored->open(base, spec.tokens.mark);
  return std::dynamic_pointer_cast<const Tokens>(spec.tokens.object);
}

std::shared_ptr<const Tokens> tokens_of_model(const std::filesystem::path& model) {
  return stored_tokens(model, {});
}

std::vector<std::string> reserved_tokens(bool masked) {
  if (masked) return {kPadding, kMask, kUnknown};
  return {kPadding, kUnknown};
}

std::vector<std::string> reserved_target_tokens() { return {kPadding, kStart, kEnd, kUnknown}; }

std::vector<std::string> numbered_tokens(std::vector<std::string> reserved, int64_t count) {
  while (static_cast<int64_t>(reserved.size()) < count) {
    reserved.push_back(fmt::format("token[{}]", reserved.size()));
  }
  return reserved;
}

std::vector<int32_t> numbered_row(std::span<const std::string> text, int64_t length,
                                  Dictionary& words) {
  std::vector<int32_t> row;
  for (const std::string& word : text.first(std::min(text.size(), static_cast<size_t>(length)))) {
    row.push_back(words.add(word, {}) + 1);
  }
  row.resize(static_cast<size_t>(length));
  return row;
}

std::vector<int64_t> count_words(const Dataset& dataset, const Dictionary& words,
                                 std::span<const int64_t> rows, int64_t begin, int64_t end) {
  std::vector<int64_t> counts(words.entries().size());
  for (const int64_t row : rows) {
    for (int64_t i = begin; i < end && dataset.feature(row, i) > 0; ++i) {
      ++counts[static_cast<size_t>(dataset.feature(row, i)) - 1];
    }
  }
  return counts;
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
