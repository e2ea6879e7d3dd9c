#include "data/tokens/byte_pairs.h"

#include <doctest/doctest.h>

namespace mlrun::data {
namespace {

using Texts = std::vector<std::string>;

BytePairs byte_pairs(int64_t vocabulary) {
  BytePairs tokens;
  tokens.vocabulary = vocabulary;
  return tokens;
}

Texts learned(const BytePairs& tokens, const std::string& text, const Texts& reserved) {
  Dictionary words;
  const std::vector<int32_t> numbers = number_words(tokens.split(text), words);
  return tokens.learn_names(words, count_words(words, numbers), reserved);
}

std::string repeated(const std::string& word, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += word + "\n";
  return text;
}

}  // namespace

TEST_CASE("byte pairs: words with the blank before them, all else alone") {
  BytePairs tokens;
  CHECK(tokens.split("It's a  café,\n99 ") ==
        Texts{"It", "'", "s", " a", " ", " café", ",", "\n", "99", " "});
  tokens.lowercase = true;
  CHECK(tokens.split("A B") == Texts{"a", " b"});
}

TEST_CASE("byte pairs: the example of Sennrich et al., joined in the order of frequency") {
  const std::string text =
      repeated("low", 5) + repeated("lower", 2) + repeated("newest", 6) + repeated("widest", 3);
  const Texts names = learned(byte_pairs(18), text, {"<unknown>"});
  CHECK(names == Texts{"<unknown>", "e", "\n", "w", "s", "t", "l", "o", "n", "d", "i", "r", "es",
                       "est", "lo", "low", "ew", "ewest"});
  CHECK(byte_pairs(18).encode("lowest", names) == std::vector<int32_t>{15, 13});
  CHECK(byte_pairs(18).encode("lox", names) == std::vector<int32_t>{14, -1});
  CHECK(learned(byte_pairs(4), text, {"<unknown>"}) == Texts{"<unknown>", "e", "\n", "w"});
}

TEST_CASE("byte pairs: the tokens of a text, side by side, are the text") {
  const std::string text =
      "The cat sat on the mat.  The café isn't that far;\nthe € 99 were\tthe cat's! \n";
  for (const int64_t vocabulary : {30, 40, 1000}) {
    const BytePairs tokens = byte_pairs(vocabulary);
    const Texts names = learned(tokens, text, {"<padding>", "<unknown>"});
    std::string decoded;
    for (const int32_t token : tokens.encode(text, names)) {
      REQUIRE(token >= 2);
      decoded += names[static_cast<size_t>(token)];
    }
    CHECK(decoded == text);
  }
  CHECK(learned(byte_pairs(1000), text, {}).size() < 60);  // nothing that occurs once is joined
}

TEST_CASE("byte pairs: words that were not learned from have tokens too") {
  const BytePairs tokens = byte_pairs(100);
  Dictionary words;
  number_words({"aba", "abab", "xa"}, words);
  const Vocabulary vocabulary =
      tokens.learn(words, std::vector<int64_t>{3, 0, 0}, {"<padding>", "<unknown>"});
  CHECK(vocabulary.names == Texts{"<padding>", "<unknown>", "a", "b", "ab", "aba"});
  const auto pieces = [&](int32_t word) {
    const auto of = vocabulary.of(word);
    return std::vector<int32_t>(of.begin(), of.end());
  };
  CHECK(pieces(0) == std::vector<int32_t>{5});
  CHECK(pieces(1) == std::vector<int32_t>{4, 4});
  CHECK(pieces(2) == std::vector<int32_t>{1, 2});
  CHECK(vocabulary.counts == std::vector<int64_t>{0, 0, 0, 0, 0, 3});
}

}  // namespace mlrun::data
