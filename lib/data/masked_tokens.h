// Tokens of a document that are hidden, and are to be told from those around them.
#pragma once

#include <cstdint>
#include <span>

#include "base/philox.h"
#include "config/experiment.h"

namespace mlrun::data {

/// Devlin et al. 2019, "BERT: pre-training of deep bidirectional transformers for language
/// understanding", section 3.1. Which tokens are hidden is drawn anew for every step of a training
/// (Liu et al. 2019), as a function of (stream, pass, row, position).
class MaskedTokens {
 public:
  /// Of documents of `width` tokens.
  MaskedTokens(const config::MaskedLmSpec& spec, int64_t width);

  struct Draw {
    const PhiloxStream& stream;
    uint64_t pass;
    uint64_t tokens;  ///< how many there are, the reserved ones included
  };

  /// Some tokens of `features` (rows x width) are chosen: they are the labels, and are replaced.
  /// All other labels are 0, which is padding.
  void fill(std::span<const int64_t> rows, const Draw& draw, float* features,
            int32_t* labels) const;

 private:
  float hidden(float token, const PhiloxBlock& random, uint64_t tokens) const;

  int64_t width_;
  float chosen_;  ///< rates, as they are drawn
  float masked_;
  float masked_or_random_;
};

}  // namespace mlrun::data
