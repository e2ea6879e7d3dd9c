// Epochs on a device: every step is one launch, and nothing is waited for in between.
//
// A step is recorded as a whole: find out which step it is, gather its rows, run the phases that
// are due, add up their losses, keep their predictions. What differs from step to step (rows,
// learning rates, random states) is brought before the epoch, what comes out is fetched behind it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "device/context.h"
#include "device/recordings.h"
#include "train/batch.h"
#include "train/learner.h"
#include "train/phase.h"
#include "train/resident_data.h"

namespace mlrun::train {

struct DeviceEpochOptions {
  std::span<const Feed* const> feeds;  ///< one for each trial of the stack
  Batch* batch = nullptr;              ///< for rows that are gathered on the host
  std::span<const std::unique_ptr<Phase>> phases;
  const graph::Backend* backend = nullptr;
  int64_t batch_size = 0;
  int64_t rows = 0;              ///< most of an epoch
  int64_t prediction_width = 0;  ///< of a row of the first phase's predictions; 0: none are kept
};

/// What a trial of a stack brings to an epoch.
struct TrialEpoch {
  std::span<const int64_t> order;
  std::span<float> predictions;  ///< may be empty
};

/// The phases take their batches and states from here as long as this exists; all that the options
/// name must outlive it. Sums are doubles, added in the order of the steps: an epoch ends with the
/// numbers that a host would have summed up step by step.
class DeviceEpoch {
 public:
  /// The whole data set is brought to the device. Where it does not fit, or where samples are drawn
  /// afresh, batches are gathered on the host while the device computes the one before.
  explicit DeviceEpoch(const DeviceEpochOptions& options);

  int64_t rows() const { return options_.rows; }
  int64_t prediction_width() const { return options_.prediction_width; }
  bool is_resident() const { return data_ != nullptr; }

  /// See Learner::train_epoch(); each `order` has at most rows() rows. One without any is of a
  /// trial that nobody looks at any more: its copy goes astray. After a loss that is not finite the
  /// steps go on, but count no more.
  std::vector<EpochOutcome> run(std::span<const TrialEpoch> trials);

 private:
  // Where things are in the block that is brought at the start of an epoch, in bytes. Of each kind
  // those of all trials stand together, `stride` bytes apart.
  struct Section {
    int64_t begin = 0, stride = 0;
  };
  struct Layout {
    Section counter, sums, states, order;
    int64_t size = 0;
  };

  // Trials whose step has equally many rows.
  struct Part {
    graph::Copies trials;
    int64_t rows = 0;
  };

  Layout make_layout() const;
  int64_t trials() const { return static_cast<int64_t>(options_.feeds.size()); }
  int64_t steps(int64_t rows) const;
  int64_t rows_of_step(int64_t rows, int64_t number) const;  ///< 0 behind the last
  std::vector<Part> parts_of_step(std::span<const TrialEpoch> trials, int64_t number) const;
  int64_t sums() const;  ///< of all phases: the objective, then the terms
  void build_loader();
  void connect_phases(graph::ValueId state, const GraphInputs& gathered);
  void build_results(size_t phase, int64_t first);
  void bind(graph::Executable& executable, graph::ValueId id, const Section& section);
  std::unique_ptr<graph::Executable> make_executable(graph::Graph graph,
                                                     std::span<const graph::ValueId> keep);
  void prepare(std::span<const TrialEpoch> trials);
  void prepare_states(size_t trial, int64_t rows);
  void fill(std::span<const TrialEpoch> trials, int64_t number);
  void run_step(int64_t number, const Part& part);
  void launch(int64_t number, const Part& part);
  std::vector<EpochOutcome> collect(std::span<const TrialEpoch> trials);
  EpochOutcome outcome_of(std::span<const double> sums, int64_t rows) const;

  DeviceEpochOptions options_;
  device::Context& context_;
  std::unique_ptr<ResidentData> data_;  ///< null: batches come from the host
  Layout layout_;
  std::vector<std::byte> prepared_;  ///< on the host
  device::Memory block_;
  device::Memory predictions_;
  std::unique_ptr<graph::Executable> loader_;
  graph::ValueId step_ = graph::kNoValue;
  graph::ValueId batch_rows_ = graph::kNoValue;
  std::vector<std::unique_ptr<graph::Executable>> results_;  ///< by phase
  device::Recordings recordings_;
};

}  // namespace mlrun::train
