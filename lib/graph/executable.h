// A planned graph bound to memory and kernels, ready to run step after step.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "device/recordings.h"
#include "graph/graph.h"
#include "graph/plan.h"

namespace mlrun::graph {

/// Time and work of one node over all runs since profiling was turned on.
struct NodeTime {
  const Node* node = nullptr;
  double seconds = 0;
  int64_t calls = 0;
  Cost cost;
};

/// How many trials of one graph are computed as one: each has its copy of every value.
struct Stack {
  int64_t copies = 1;
  bool at_once = false;  ///< by kernels that know of stacks; else copy by copy
};

/// The copies [begin, end) of a stack.
struct Copies {
  int64_t begin = 0;
  int64_t end = 1;

  bool operator==(const Copies&) const = default;
};

/// Owns its arena, which is memory of the context. bind() every input and variable once (memory
/// that the kernels can reach, holds max_batch samples and stays valid), then run() as often as
/// needed: run() never allocates on the host, but for what a context records. Not thread-safe: one
/// executable belongs to one trial.
class Executable {
 public:
  /// `keep`: values that are read with tensor() after a run. The context must outlive this. Throws
  /// Error for an op without kernel.
  Executable(Graph graph, std::span<const ValueId> keep, int64_t max_batch,
             const KernelTable& kernels, device::Context& context, Stack stack = {});

  /// The next copy's memory begins `stride` bytes later; 0: all copies share it.
  void bind(ValueId id, void* memory, int64_t stride = 0);

  /// The second and further copies compute with the ops of these graphs, one for each, from the
  /// next run on. Throws Error if one differs from graph() in more than Op::varying().
  void vary(std::span<const Graph* const> others);

  /// Runs all nodes with `batch` <= max_batch samples, in all copies.
  void run(int64_t batch);

  /// In one copy; the others stay as they are.
  void run_copy(int64_t copy, int64_t batch);

  /// In some copies, kernel by kernel: for who records several executables as one piece of work.
  void launch(int64_t batch, const Copies& copies);

  /// The value as of the last run (of the keep list), or a bound input or variable. The memory is
  /// the context's.
  Tensor tensor(ValueId id, int64_t copy = 0) const;

  const Graph& graph() const { return graph_; }
  const Plan& plan() const { return plan_; }

  /// From now on (afresh) each node is timed; run() then waits for each of them, and allocates when
  /// the batch size changes.
  void set_profiling(bool on);
  bool profiling() const { return profiling_; }
  std::vector<NodeTime> profile() const;

 private:
  struct Step {
    const Op* op = nullptr;
    Kernel kernel = nullptr;
    size_t node = 0;
    size_t in_begin = 0, in_count = 0;
    size_t out_begin = 0, out_count = 0;
    std::vector<float> varied;  ///< see KernelCall
  };

  void add_views(std::span<const ValueId> ids);
  struct Place {
    std::byte* memory = nullptr;
    int64_t stride = 0;
  };

  Place place(ValueId id) const;
  void resize(int64_t batch);
  Copies all() const { return {0, stack_.copies}; }
  const Op& op(const Step& step, int64_t copy) const;
  void run_steps(const Copies& copies);
  void run_step(const Step& step, const Copies& copies);
  void call_kernel(const Step& step, const Copies& copies);
  void run_profiled(const Copies& copies);
  void wait();

  Graph graph_;
  Plan plan_;
  std::vector<Step> steps_;
  std::vector<std::vector<Node>> others_;  ///< of vary()
  std::vector<Tensor> views_;  ///< operands of all steps, one after the other, copy by copy
  std::vector<ValueId> view_ids_;
  std::vector<Place> bound_;  ///< by value, of inputs and variables
  device::Context& context_;
  Stack stack_;
  device::Memory arena_;
  device::Recordings recordings_;                    ///< by batch size
  std::vector<device::Recordings> copy_recordings_;  ///< of run_copy()
  int64_t batch_ = -1;
  bool rebind_ = true;
  bool profiling_ = false;
  std::vector<NodeTime> times_;
  std::vector<Cost> costs_;  ///< of each step at `costs_batch_`, when profiling
  int64_t costs_batch_ = -1;
};

}  // namespace mlrun::graph
