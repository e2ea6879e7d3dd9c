// Words drawn beside the true ones. Mikolov et al. 2013, "Distributed representations of words and
// phrases and their compositionality".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/philox.h"

namespace mlrun::data {

/// Draws token i with a probability in proportion to counts[i]^0.75, in constant time by Vose's
/// alias method.
class NegativeTable {
 public:
  /// `drawn` tokens a row.
  NegativeTable(std::span<const int64_t> counts, int64_t drawn);

  int64_t drawn() const { return drawn_; }

  /// The last drawn() features of each row of a batch (rows.size() x width), none of which is the
  /// feature in front of them, as long as there is another to be had in a few tries. A function of
  /// (stream, pass, row).
  void fill(std::span<const int64_t> rows, int64_t width, const PhiloxStream& stream, uint64_t pass,
            float* features) const;

 private:
  float draw(const PhiloxBlock& random, size_t half) const;

  int64_t drawn_;
  std::vector<float> keep_;     ///< probability of a slot's own token
  std::vector<int32_t> other_;  ///< and the token it is else
};

}  // namespace mlrun::data
