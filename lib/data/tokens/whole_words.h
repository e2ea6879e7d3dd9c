#pragma once

#include "data/tokens.h"

namespace mlrun::data {

/// A vocabulary in which a word is one token: those of `order`, numbered as they stand there behind
/// the reserved ones. All others are the last reserved token.
Vocabulary whole_words(const Dictionary& words, std::span<const int64_t> counts,
                       std::span<const size_t> order, std::vector<std::string> reserved);

}  // namespace mlrun::data
