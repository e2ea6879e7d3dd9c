// What the weights of a stack of trials make of rows: predictions, and what these lose.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/philox.h"
#include "graph/executable.h"
#include "train/device_scoring.h"
#include "train/epoch_outcome.h"
#include "train/row_source.h"
#include "train/training_graph.h"
#include "train/variable_store.h"

namespace mlrun::train {

/// What a trial of a stack has scored.
struct ScoredRows {
  std::span<const int64_t> rows;  ///< empty: nothing
  std::span<float> predictions;   ///< see GradientLearner::predict(); may be empty
};

class Inference {
 public:
  /// The weights are the first variables of `memory`. Batches have at most `batch_size` rows. Row
  /// source, memory and backend must outlive it.
  Inference(const GraphSetup& setup, RowSource& rows, const VariableStore& memory,
            int64_t batch_size, const graph::Backend& backend);

  int64_t output_width() const { return output_width_; }

  /// GradientLearner::predict() for each trial, with the random stream of each.
  std::vector<Losses> score(std::span<const ScoredRows> trials,
                            std::span<const PhiloxStream> random);

 private:
  class Sums;

  bool is_stack() const { return rows_.feeds().size() > 1; }
  void score_on_host(const ScoredRows& scored, const PhiloxStream& random, int64_t trial,
                     Sums& sums);
  void infer(std::span<const int64_t> rows, const PhiloxStream& random, uint64_t batch,
             int64_t trial);
  void score_on_device(std::span<const ScoredRows> trials, std::span<const PhiloxStream> random,
                       std::vector<Sums>& sums);
  void prepare_pass(int64_t rows, bool predictions);
  std::unique_ptr<DeviceScoring> make_pass(int64_t rows);
  void fetch(size_t trial, const ScoredRows& part, Sums& sums);

  RowSource& rows_;
  device::Context& context_;
  int64_t batch_size_;
  int64_t most_at_once_;  ///< rows of a pass on a device
  GraphInputs inputs_;
  graph::ValueId prediction_;
  std::vector<CountedValue> summed_;  ///< the parts of the loss, then the terms
  size_t parts_;                      ///< of the loss
  int64_t output_width_ = 0;
  std::unique_ptr<graph::Executable> executable_;
  device::Memory random_state_;  ///< of batches of the host
  std::unique_ptr<DeviceScoring> pass_;
  bool pass_predicts_ = false;
};

}  // namespace mlrun::train
