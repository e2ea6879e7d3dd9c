// One pass over rows on a device: every step is one launch, and nothing is waited for in between.
//
// A step is recorded as a whole: find out which step it is, gather its rows, compute with them,
// leave results. What differs from step to step (rows, learning rates, random states) is brought
// before the pass, or already while the one before it is computed, what comes out is fetched behind
// it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "device/context.h"
#include "device/recordings.h"
#include "graph/backend.h"
#include "train/batch.h"
#include "train/pass_memory.h"
#include "train/resident_data.h"

namespace mlrun::train {

struct DevicePassOptions {
  std::span<const Feed* const> feeds;  ///< one for each trial of the stack
  ResidentData* data = nullptr;        ///< null: batches come from the host
  Batch* batch = nullptr;              ///< for these
  const graph::Backend* backend = nullptr;
  int64_t batch_size = 0;
  int64_t rows = 0;    ///< most of a pass
  bool ahead = false;  ///< prepare each pass while the one before it is computed
};

/// What passes have in common; all that the options name must outlive it.
class DevicePass {
 public:
  virtual ~DevicePass() = default;
  int64_t rows() const { return options_.rows; }

 protected:
  /// Trials whose step has equally many rows, and the same variant.
  struct Part {
    graph::Copies trials;
    int64_t rows = 0;
  };

  /// `state_words` of each step, `result_words` of each trial: 0 at the begin of a pass.
  DevicePass(const DevicePassOptions& options, int64_t state_words, int64_t result_words);

  int64_t trials() const { return static_cast<int64_t>(options_.feeds.size()); }
  int64_t steps(int64_t rows) const;
  int64_t rows_of_step(int64_t rows, int64_t number) const;  ///< 0 behind the last
  device::Context& context() const { return *options_.backend->context; }
  const DevicePassOptions& options() const { return options_; }

  /// A graph that takes values of others, which are computed before it in the same step.
  struct Follower {
    graph::Graph graph;
    std::vector<std::pair<graph::ValueId, Tensor>> connected;

    graph::ValueId input(const char* name, const graph::Executable& from, graph::ValueId id);
  };
  std::unique_ptr<graph::Executable> make_executable(Follower follower) const;
  std::unique_ptr<graph::Executable> make_executable(graph::Graph graph,
                                                     std::span<const graph::ValueId> keep) const;

  /// Connects the rows' values with the inputs of a graph.
  void bind_rows(graph::Executable& executable, const GraphInputs& inputs) const;
  void bind_results(graph::Executable& executable, graph::ValueId results) const;

  /// Of the trial that comes first; the next one's lie the stride further.
  Tensor state() const { return loader_->tensor(state_); }
  graph::ValueId step_of(Follower& follower) const;  ///< int32 (1): its number
  graph::ValueId rows_of(Follower& follower) const;  ///< int32 (N): of its rows

  /// The rows of a trial in the next pass; empty: there is none, or it is not known.
  using NextOrder = std::function<std::span<const int64_t>(size_t trial)>;

  /// All rows of all trials, whose `orders` have at most rows() each. A trial without any is one
  /// that nobody looks at any more: its copy goes astray. Of passes that are prepared ahead, `next`
  /// is asked once for each trial while the device computes. What it answers must stay as it is
  /// until the next pass has begun, for which it need not be brought again if the very same span is
  /// asked for. Returns the seconds on the host in which the device may have waited.
  double run(std::span<const std::span<const int64_t>> orders, const NextOrder& next = {});

  /// What was prepared ahead has become wrong.
  void forget_ahead();

  /// After run().
  using Results = PassMemory::Results;
  Results download_results() const { return memory_.download_results(); }

  /// Numbers of steps.
  struct Steps {
    int64_t begin = 0, end = 0;
  };

  /// Writes the states of all steps of a trial, state_words each, over zeros. `open` are the steps
  /// of the pass that runs, if one does, which have not been started.
  virtual void write_states(size_t trial, int64_t rows, const Steps& open, std::byte* to) = 0;
  virtual uint64_t feed_pass(int64_t trial) const = 0;  ///< see Feed::fill()

  /// Launches what a step computes, behind the gathering of its rows.
  virtual void launch_step(const Part& part) = 0;

  /// Of the next step of a trial: a step is recorded once for each variant, as steps of one variant
  /// launch the same. -1: it is launched each time, and not recorded.
  virtual int64_t variant(int64_t trial) const = 0;

  /// Behind each step, recorded or not.
  virtual void has_started(const Part& part) = 0;

 private:
  std::vector<Part> parts_of_step(std::span<const std::span<const int64_t>> orders,
                                  int64_t number) const;
  void build_loader(int64_t state_words);
  void prepare(size_t trial, std::span<const int64_t> order, const Steps& open);
  void prepare_all(std::span<const std::span<const int64_t>> orders);
  void prepare_ahead(std::span<const std::span<const int64_t>> orders, const NextOrder& next,
                     const Steps& open);
  void fill(std::span<const std::span<const int64_t>> orders, int64_t number);
  void run_step(const Part& part);

  DevicePassOptions options_;
  PassMemory memory_;
  std::vector<std::span<const int64_t>> ahead_;  ///< what is there of the next pass, by trial
  size_t looked_ahead_ = 0;                      ///< trials that were, in the pass that runs
  std::unique_ptr<graph::Executable> loader_;
  graph::ValueId step_ = graph::kNoValue;
  graph::ValueId state_ = graph::kNoValue;
  graph::ValueId batch_rows_ = graph::kNoValue;
  GraphInputs gathered_;
  device::Recordings recordings_;
};

}  // namespace mlrun::train
