// How a text becomes tokens: the components of the catalog "tokens".
//
// In two steps. A text is split into words, whatever these are, without having learned anything.
// Which tokens there are is learned from counts of words, so that it can be learned from the
// training rows alone; their names in order are all that is learned.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/experiment.h"
#include "data/dataset.h"
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

/// Appends the tokens of a word; -1 for what is not known.
using WordEncoder = std::function<void(std::string_view word, std::vector<int32_t>& tokens)>;

class Provenance;

class Tokens : public config::Component {
 public:
  /// The words of a text in UTF-8, in order.
  virtual std::vector<std::string> split(std::string_view text) const = 0;

  /// Names of the tokens, behind those of the first ones, which are `reserved` (such as padding).
  /// Words with a count of 0 are not learned from.
  virtual std::vector<std::string> learn_names(const Dictionary& words,
                                               std::span<const int64_t> counts,
                                               std::vector<std::string> reserved) const = 0;

  /// Finds the tokens of a word among `names`, which must outlive it: the word itself, unless a
  /// kind of tokens has smaller ones.
  virtual WordEncoder encoder(std::span<const std::string> names) const;

  /// What every word becomes with the names that are learned. What is not known is kUnknown; throws
  /// InputError if the names have no such token.
  Vocabulary learn(const Dictionary& words, std::span<const int64_t> counts,
                   std::vector<std::string> reserved) const;

  /// At most so many tokens are learned from that many words, the reserved ones included.
  virtual int64_t most_tokens(const Dictionary& words, int64_t reserved) const = 0;

  /// Whether every word of a text that was learned from is known.
  virtual bool knows_all() const = 0;

  /// The numbers of the tokens of a text among `names`; -1 for what is not known.
  std::vector<int32_t> encode(std::string_view text, std::span<const std::string> names) const;

  /// Whether the tokens depend on the texts.
  virtual bool learns() const { return true; }

  /// Adds the file that the tokens are from, if they are from one.
  virtual void add_to(Provenance&) const {}

  /// What a reader wants between two tokens.
  virtual std::string_view separator() const { return ""; }
};

/// The number of each name; the names must outlive it.
using TokenNumbers = std::unordered_map<std::string_view, int32_t>;
TokenNumbers number_names(std::span<const std::string> names);

constexpr const char* kPadding = "<padding>";
constexpr const char* kUnknown = "<unknown>";
constexpr const char* kMask = "<mask>";
constexpr const char* kStart = "<start>";
constexpr const char* kEnd = "<end>";
constexpr int64_t kReservedTokens = 2;  ///< of documents: 0 is padding, 1 what is not known
constexpr int64_t kReservedMasked = 3;  ///< where tokens are masked: the second is <mask>
constexpr int64_t kReservedTarget = 4;  ///< of translations: padding, start, end, not known
constexpr int32_t kMaskToken = 1;
constexpr int32_t kStartToken = 1;
constexpr int32_t kEndToken = 2;

/// The first tokens of what a model reads, and of a translation that it writes.
std::vector<std::string> reserved_tokens(bool masked);
std::vector<std::string> reserved_target_tokens();

/// How often each word of `words` is in columns [begin, end) of some rows, which are sentences.
std::vector<int64_t> count_words(const Dataset& dataset, const Dictionary& words,
                                 std::span<const int64_t> rows, int64_t begin, int64_t end);

/// The numbers of some words plus 1, `length` of them: as many as there are, then zeros.
std::vector<int32_t> numbered_row(std::span<const std::string> text, int64_t length,
                                  Dictionary& words);

const config::Catalog& tokens_catalog();

/// Those of the spec, or characters. A file that they are to be taken from is relative to `base`.
/// Throws InputError where it is not there.
std::shared_ptr<const Tokens> open_tokens(const config::DatasetSpec& spec,
                                          const std::filesystem::path& base);

/// Those that a model was trained with. Throws InputError where it has none.
std::shared_ptr<const Tokens> tokens_of_model(const std::filesystem::path& model);

/// Names for `count` tokens that are not known yet, behind the reserved ones.
std::vector<std::string> numbered_tokens(std::vector<std::string> reserved, int64_t count);

/// The words of a text as numbers; new ones are added to `words`.
std::vector<int32_t> number_words(const std::vector<std::string>& text, Dictionary& words);

/// How often each word of `words` is in `numbers`.
std::vector<int64_t> count_words(const Dictionary& words, std::span<const int32_t> numbers);

}  // namespace mlrun::data
