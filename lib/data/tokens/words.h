#pragma once

#include "data/tokens.h"

namespace mlrun::data {

/// Words between blanks; a punctuation mark is a word of its own, but for an apostrophe or hyphen
/// between two letters. Numbered from the most frequent to the rarest, equals by their bytes.
struct Words : Tokens {
  int64_t vocabulary = 0;
  int64_t minimum_count = 1;
  bool lowercase = true;

  static const config::FieldList& fields();
  std::vector<std::string> split(std::string_view text) const override;
  std::vector<std::string> learn_names(const Dictionary& words, std::span<const int64_t> counts,
                                       std::vector<std::string> reserved) const override;
  int64_t most_tokens(const Dictionary& words, int64_t reserved) const override;
  bool knows_all() const override { return false; }
  std::string_view separator() const override { return " "; }
};

}  // namespace mlrun::data
