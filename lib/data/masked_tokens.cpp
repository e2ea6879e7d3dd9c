#include "data/masked_tokens.h"

#include "data/tokens.h"

namespace mlrun::data {

MaskedTokens::MaskedTokens(const config::MaskedLmSpec& spec, int64_t width)
    : width_(width),
      chosen_(static_cast<float>(spec.mask_selection_rate)),
      masked_(static_cast<float>(spec.mask_token_rate)),
      masked_or_random_(static_cast<float>(spec.mask_token_rate + spec.random_token_rate)) {}

void MaskedTokens::fill(std::span<const int64_t> rows, const Draw& draw, float* features,
                        int32_t* labels) const {
  for (const int64_t row : rows) {
    for (int64_t i = 0; i < width_; ++i, ++features, ++labels) {
      *labels = 0;
      if (*features == 0) continue;
      const PhiloxBlock random =
          draw.stream.block(draw.pass, static_cast<uint64_t>(row * width_ + i));
      if (PhiloxStream::to_unit(random[0]) >= chosen_) continue;
      *labels = static_cast<int32_t>(*features);
      *features = hidden(*features, random, draw.tokens);
    }
  }
}

float MaskedTokens::hidden(float token, const PhiloxBlock& random, uint64_t tokens) const {
  const float kind = PhiloxStream::to_unit(random[1]);
  if (kind < masked_) return static_cast<float>(kMaskToken);
  if (kind >= masked_or_random_) return token;
  const uint64_t drawn = tokens - kReservedMasked;
  if (drawn == 0) return token;
  return static_cast<float>(kReservedMasked + (uint64_t{random[2]} * drawn >> 32));
}

}  // namespace mlrun::data
