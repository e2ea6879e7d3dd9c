#pragma once

#include "data/tokens.h"

namespace mlrun::data {

/// Every character (UTF-8) is a token. They are numbered in the order of their bytes.
struct Characters : Tokens {
  static const config::FieldList& fields();
  std::vector<std::string> split(std::string_view text) const override;
  std::vector<std::string> learn_names(const Dictionary& words, std::span<const int64_t> counts,
                                       std::vector<std::string> reserved) const override;
  int64_t most_tokens(const Dictionary& words, int64_t reserved) const override;
  bool knows_all() const override { return true; }
};

}  // namespace mlrun::data
