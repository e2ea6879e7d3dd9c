// What an epoch, or a pass over rows, came to.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace mlrun::train {

/// Means over samples, or over labels where not all count (nn::Loss::counted): the loss is the sum
/// of such means, each over its own.
struct Losses {
  double loss = 0;            ///< NaN: of no sample, or of no label that counts
  std::vector<double> terms;  ///< in the order of loss_term_names(); NaN: of no sample
  bool finite = true;         ///< false: a sample's loss, or a batch's, was not
};

struct EpochOutcome : Losses {  ///< the loss with penalties; where not finite the epoch ended
  double data_seconds = 0;      ///< gathering batches
};

/// What loss scaling came to.
struct LossScaleState {
  double scale = std::numeric_limits<double>::quiet_NaN();  ///< NaN: there is none
  int64_t skipped_steps = 0;  ///< left out, because a gradient was not finite
};

}  // namespace mlrun::train
