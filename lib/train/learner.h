// What the training loop trains. Everything that learns, by gradients or not, is a Learner; the
// loop and the trials see no difference.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/philox.h"
#include "store/model_file.h"

namespace mlrun::train {

/// Random streams of one trial.
struct TrialStreams {
  PhiloxStream initialise;
  PhiloxStream shuffle;
  PhiloxStream dropout;
};

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

/// One model being trained. Not thread-safe; owns its memory.
class Learner {
 public:
  virtual ~Learner() = default;

  virtual int64_t parameters() const = 0;
  virtual int64_t output_width() const = 0;

  /// Fresh weights and optimiser state.
  virtual void initialise(const TrialStreams& streams) = 0;

  /// One pass over `order` in batches. `predictions`, if not empty, receives order.size() x
  /// output_width() predictions as they were made during training.
  virtual EpochOutcome train_epoch(std::span<const int64_t> order,
                                   std::span<float> predictions) = 0;

  /// Returns the losses of `rows` (without penalties), NaN for no rows. `predictions`, if not
  /// empty, receives rows.size() x output_width() of them.
  virtual Losses predict(std::span<const int64_t> rows, std::span<float> predictions) = 0;

  /// Weights and state such as moving means, to go back to.
  virtual std::vector<float> snapshot() = 0;
  virtual void restore(std::span<const float> snapshot) = 0;

  /// Into and out of a model file: weights, optimiser slots, step count.
  virtual void save(store::ModelFile& file) = 0;
  virtual void load(const store::ModelFile& file) = 0;
};

}  // namespace mlrun::train
