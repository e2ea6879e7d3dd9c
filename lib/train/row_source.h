// Where the rows of a stack of trials come from.
#pragma once

#include <memory>
#include <vector>

#include "graph/backend.h"
#include "train/batch.h"
#include "train/device_pass.h"
#include "train/resident_data.h"

namespace mlrun::train {

/// Batches of the host, and for passes on a device the whole data set there. Where it does not fit,
/// or where samples are drawn afresh, their batches too are gathered on the host, while the device
/// computes the one before.
class RowSource {
 public:
  /// Feeds and backend must outlive it. `capacity`: see Batch. Rows that may change are brought
  /// each time.
  RowSource(std::vector<const Feed*> feeds, int64_t capacity, bool rows_change,
            const graph::Backend& backend);

  const std::vector<const Feed*>& feeds() const { return feeds_; }
  Batch& batch() { return batch_; }

  /// For a pass over at most `rows` of each trial.
  DevicePassOptions pass(int64_t batch_size, int64_t rows);

 private:
  std::vector<const Feed*> feeds_;
  const graph::Backend& backend_;
  Batch batch_;
  std::unique_ptr<ResidentData> data_;  ///< null: it is not there
  bool wants_data_;
};

}  // namespace mlrun::train
