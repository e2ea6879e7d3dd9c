// One pass over rows on a device: every step is one launch, and nothing is waited for in between.
//
// A step is recorded as a whole: find out which step it is, gather its rows, compute with them,
// leave results. What differs from step to step (rows, learning rates, random states) is brought
// before the pass, what comes out is fetched behind it.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "device/context.h"
#include "device/recordings.h"
#include "graph/backend.h"
#include "train/batch.h"
#include "train/resident_data.h"

namespace mlrun::train {

struct DevicePassOptions {
  std::span<const Feed* const> feeds;  ///< one for each trial of the stack
  ResidentData* data = nullptr;        ///< null: batches come from the host
  Batch* batch = nullptr;              ///< for these
  const graph::Backend* backend = nullptr;
  int64_t batch_size = 0;
  int64_t rows = 0;  ///< most of a pass
};

/// What passes have in common; all that the options name must outlive it.
class DevicePass {
 public:
  virtual ~DevicePass() = default;
  int64_t rows() const { return options_.rows; }

 protected:
  /// Trials whose step has equally many rows.
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

  /// All rows of all trials, whose `orders` have at most rows() each. A trial without any is one
  /// that nobody looks at any more: its copy goes astray. Returns the seconds on the host.
  double run(std::span<const std::span<const int64_t>> orders);

  /// After run(): the results of all trials, `stride` bytes apart.
  struct Results {
    std::vector<std::byte> bytes;
    size_t stride = 0;
  };
  Results download_results();

  /// Writes the states of all steps of a trial, state_words each.
  virtual void write_states(size_t trial, int64_t rows, std::byte* to) = 0;
  virtual uint64_t feed_pass(int64_t trial) const = 0;  ///< see Feed::fill()

  /// Launches what a step computes, behind the gathering of its rows. Steps with different
  /// variants launch different things; -1: it is not to be recorded.
  virtual void launch_step(int64_t number, const Part& part) = 0;
  virtual int64_t variant(int64_t number) const = 0;
  virtual void has_started(int64_t number, const Part& part) = 0;

 private:
  // Where things are in the block that is brought at the start of a pass, in bytes. Of each kind
  // those of all trials stand together, `stride` bytes apart.
  struct Section {
    int64_t begin = 0, stride = 0;
  };
  struct Layout {
    Section counter, results, states, order;
    int64_t size = 0;
  };

  Layout make_layout(int64_t state_words, int64_t result_words) const;
  std::vector<Part> parts_of_step(std::span<const std::span<const int64_t>> orders,
                                  int64_t number) const;
  void build_loader(int64_t state_words);
  void bind(graph::Executable& executable, graph::ValueId id, const Section& section) const;
  void prepare(std::span<const std::span<const int64_t>> orders);
  void fill(std::span<const std::span<const int64_t>> orders, int64_t number);
  void run_step(int64_t number, const Part& part);

  DevicePassOptions options_;
  Layout layout_;
  std::vector<std::byte> prepared_;  ///< on the host
  device::Memory block_;
  std::unique_ptr<graph::Executable> loader_;
  graph::ValueId step_ = graph::kNoValue;
  graph::ValueId state_ = graph::kNoValue;
  graph::ValueId batch_rows_ = graph::kNoValue;
  GraphInputs gathered_;
  device::Recordings recordings_;
};

}  // namespace mlrun::train
