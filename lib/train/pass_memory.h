// What a pass over rows (train/device_pass.h) is told before its first step, and what it leaves.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "device/context.h"
#include "graph/backend.h"
#include "graph/executable.h"

namespace mlrun::train {

/// Of each trial of the stack.
struct PassSizes {
  int64_t trials = 1;
  int64_t state_bytes = 0;  ///< of all steps
  int64_t rows = 0;         ///< most of a pass
  int64_t result_bytes = 0;
};

/// Orders and states are written on the host, trial by trial, and brought to the device. If
/// `ahead`, those of the next pass may be brought while one runs: they wait beside those that are
/// in use, and begin() copies them over, in the order of all that the context is asked for.
class PassMemory {
 public:
  /// The backend must outlive it.
  PassMemory(const PassSizes& sizes, bool ahead, const graph::Backend& backend);

  bool is_ahead() const { return fetch_ != nullptr; }

  /// Where the steps find it: of the first trial, the next one's is `stride` bytes further.
  struct Place {
    std::byte* memory = nullptr;
    int64_t stride = 0;
  };
  Place counter() const { return place(counter_); }
  Place results() const { return place(results_); }
  Place states() const { return place(states_); }
  Place order() const { return place(order_); }

  /// What is told to a trial, zeros at first; to be brought before the next one is written.
  struct Told {
    std::byte* states = nullptr;
    int32_t* order = nullptr;
  };
  Told write(int64_t trial);
  void bring(int64_t trial);

  /// Before the first step: what was brought is in its place, counters and results are 0.
  void begin();

  /// Results of all trials, `stride` bytes apart. Waits for the device.
  struct Results {
    std::vector<std::byte> bytes;
    size_t stride = 0;
  };
  Results download_results() const;

 private:
  // Of each kind those of all trials stand together; states and order of a trial are beside each
  // other.
  struct Section {
    int64_t begin = 0, stride = 0;
  };

  Place place(const Section& section) const;
  void build_fetch(const graph::Backend& backend);

  device::Context& context_;
  int64_t trials_;
  Section counter_, results_, states_, order_;
  int64_t size_ = 0;
  std::vector<std::byte> written_;  ///< zeros, then the trials; if ahead, one trial
  device::Memory block_;            ///< where it is brought
  device::Memory first_row_;        ///< the number 0
  std::unique_ptr<graph::Executable> fetch_;
  graph::ValueId fetched_ = graph::kNoValue;
  std::unique_ptr<device::Recording> fetching_;
};

}  // namespace mlrun::train
