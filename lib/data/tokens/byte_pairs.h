#pragma once

#include "data/tokens.h"

namespace mlrun::data {

/// Pieces of words: characters, and pairs of pieces that stand side by side most often, joined one
/// after the other. Sennrich, Haddow, Birch 2016, "Neural machine translation of rare words with
/// subword units". A word is a run of letters and digits together with a blank before it, or any
/// other character; so the tokens of a text, side by side, are the text. Of pairs that are equally
/// frequent the first by their bytes is joined; those that occur once are not.
struct BytePairs : Tokens {
  int64_t vocabulary = 0;
  bool lowercase = false;

  static const config::FieldList& fields();
  std::vector<std::string> split(std::string_view text) const override;
  std::vector<std::string> learn_names(const Dictionary& words, std::span<const int64_t> counts,
                                       std::vector<std::string> reserved) const override;
  WordEncoder encoder(std::span<const std::string> names) const override;
  int64_t most_tokens(const Dictionary& words, int64_t reserved) const override;
  bool knows_all() const override { return false; }
};

}  // namespace mlrun::data
