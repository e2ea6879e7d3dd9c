// How a text becomes tokens: the components of the catalog "tokens".
//
// In two steps. A text is split into words, whatever these are, without having learned anything.
// Which tokens a word becomes is learned from counts of words, so that it can be learned from the
// training rows alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/experiment.h"
#include "data/table/dictionary.h"

namespace mlrun::data {

/// What each word of a dictionary becomes.
struct Vocabulary {
  std::vector<std::string> names;   ///< of the tokens
  std::vector<int64_t> counts;      ///< how often each occurs in the words that were counted
  std::vector<int32_t> pieces;      ///< tokens of word 0, then those of word 1, ...
  std::vector<size_t> begin = {0};  ///< of each word in pieces, and the end of the last

  std::span<const int32_t> of(int32_t word) const {
    const auto w = static_cast<size_t>(word);
    return std::span(pieces).subspan(begin[w], begin[w + 1] - begin[w]);
  }
};

class Tokens : public config::Component {
 public:
  /// The words of a text in UTF-8, in order.
  virtual std::vector<std::string> split(std::string_view text) const = 0;

  /// `reserved` are the names of the first tokens, such as padding; the last of them stands for
  /// what is not known. Words with a count of 0 are not learned from.
  virtual Vocabulary learn(const Dictionary& words, std::span<const int64_t> counts,
                           std::vector<std::string> reserved) const = 0;

  /// At most so many tokens are learned from that many words, the reserved ones included.
  virtual int64_t most_tokens(const Dictionary& words, int64_t reserved) const = 0;

  /// Whether every word of a text that was learned from is known.
  virtual bool knows_all() const = 0;

  /// The numbers of the tokens of a text among `names`; -1 for what is not known.
  virtual std::vector<int32_t> encode(std::string_view text,
                                      std::span<const std::string> names) const;

  /// What a reader wants between two tokens.
  virtual std::string_view separator() const { return ""; }
};

constexpr const char* kPadding = "<padding>";
constexpr const char* kUnknown = "<unknown>";
constexpr int64_t kReservedTokens = 2;  ///< of documents: 0 is padding, 1 what is not known

const config::Catalog& tokens_catalog();

/// Those of the spec, or characters.
const Tokens& tokens_of(const config::DatasetSpec& spec);

/// The words of a text as numbers; new ones are added to `words`.
std::vector<int32_t> number_words(const std::vector<std::string>& text, Dictionary& words);

/// How often each word of `words` is in `numbers`.
std::vector<int64_t> count_words(const Dictionary& words, std::span<const int32_t> numbers);

}  // namespace mlrun::data
