// A planned graph bound to memory and kernels, ready to run step after step.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

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

/// Owns its arena. bind() every input and variable once (their memory must hold max_batch
/// samples and stay valid), then run() as often as needed: run() never allocates. Not thread-safe:
/// one executable belongs to one trial.
class Executable {
 public:
  /// `keep`: values that are read with tensor() after a run. Throws Error for an op without
  /// kernel.
  Executable(Graph graph, std::span<const ValueId> keep, int64_t max_batch,
             const KernelTable& kernels);

  void bind(ValueId id, void* memory);

  /// Runs all nodes with `batch` <= max_batch samples.
  void run(device::Context& context, int64_t batch);

  /// The value as of the last run (of the keep list), or a bound input or variable.
  Tensor tensor(ValueId id) const;

  const Graph& graph() const { return graph_; }
  const Plan& plan() const { return plan_; }

  /// From now on (afresh) each node is timed; run() then allocates when the batch size changes.
  void set_profiling(bool on);
  std::vector<NodeTime> profile() const;

 private:
  struct Step {
    const Op* op = nullptr;
    Kernel kernel = nullptr;
    size_t node = 0;
    size_t in_begin = 0, in_count = 0;
    size_t out_begin = 0, out_count = 0;
  };

  void add_views(std::span<const ValueId> ids);
  void* address(ValueId id) const;
  void resize(int64_t batch);
  void run_step(const Step& step, device::Context& context);
  void run_profiled(device::Context& context);

  Graph graph_;
  Plan plan_;
  std::vector<Step> steps_;
  std::vector<Tensor> views_;  ///< operands of all steps, one after the other
  std::vector<ValueId> view_ids_;
  std::vector<void*> bound_;  ///< by value, of inputs and variables
  std::unique_ptr<std::byte[], void (*)(std::byte*)> arena_;
  int64_t batch_ = -1;
  bool rebind_ = true;
  bool profiling_ = false;
  std::vector<NodeTime> times_;
  std::vector<Cost> costs_;  ///< of each step at `costs_batch_`, when profiling
  int64_t costs_batch_ = -1;
};

}  // namespace mlrun::graph
