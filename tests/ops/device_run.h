// Runs a graph where the host cannot touch the memory, as one or as a stack of several.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "device/context.h"
#include "graph/graph.h"
#include "graph/op.h"

namespace mlrun::ops::testing {

/// Words of every value, one after the other.
using Words = std::vector<std::vector<float>>;

struct DeviceRun {
  const graph::Graph& graph;
  std::span<const graph::ValueId> inputs;
  std::span<const graph::ValueId> keep;
  const graph::KernelTable& kernels;
  device::Context& context;
  int64_t batch = 0;
  int64_t max_batch = 0;
  int replays = 0;  ///< further runs, by way of Context::replay()

  /// `memory[k]`: the inputs of copy k, of max_batch samples. Returns the values of `keep` by copy.
  std::vector<Words> operator()(std::span<const Words> memory) const;
};

bool has(const graph::KernelTable& kernels, std::string_view op);

/// Whether the table has a kernel for each node.
bool has_all(const graph::KernelTable& kernels, const graph::Graph& graph);

}  // namespace mlrun::ops::testing
