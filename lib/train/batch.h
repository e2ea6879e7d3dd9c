// The rows of a step, in the memory of a context.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "device/context.h"
#include "graph/executable.h"
#include "train/feed.h"
#include "train/training_graph.h"

namespace mlrun::train {

/// What feeds gather for the trials of a stack, up to `capacity` rows for each. Where memory is the
/// host's, rows are gathered in place, else beside and uploaded.
class Batch {
 public:
  /// Feeds (of one data set; one for each trial) and context must outlive the batch. The nodes of
  /// one graph are brought at once.
  Batch(std::span<const Feed* const> feeds, int64_t capacity, device::Context& context);

  /// Like Feed::fill of the trial's feed. Does not wait for the device.
  void fill(std::span<const int64_t> rows, uint64_t pass = 0, int64_t trial = 0);

  /// Of samples that are made: the labels that they shall have.
  void put_labels(std::span<const int32_t> labels);

  /// Binds what the graph has a use for.
  void bind(graph::Executable& executable, const GraphInputs& inputs) const;

 private:
  // One of the arrays of BatchMemory: words of 4 bytes.
  struct Part {
    device::Memory memory;
    std::vector<float> beside;  ///< of the host, where memory is not; of one trial
    int64_t width = 0;          ///< words of a row; 0: nobody needs it
    int64_t stride = 0;         ///< bytes from trial to trial
  };

  Part make_part(int64_t rows, int64_t width);
  static float* for_host(Part& part, int64_t trial);
  BatchMemory filled(int64_t trial);
  void upload(Part& part, int64_t rows, int64_t trial);

  std::vector<const Feed*> feeds_;
  device::Context& context_;
  Part features_, target_, weights_, items_;
  std::vector<Part> further_;          ///< targets of further outputs
  std::vector<void*> further_memory_;  ///< the same for the feed, of the trial that is filled
};

}  // namespace mlrun::train
