// What a device must give the same results for.
#pragma once

#include <span>

#include "ops/device_backends.h"
#include "ops/device_run.h"

namespace mlrun::ops::testing {

bool same_bits(const std::vector<std::vector<float>>& a, const std::vector<std::vector<float>>& b);

/// Graphs side by side in a stack.
inline constexpr size_t kCopies = 3;

/// A graph before and after fusion, with its inputs.
struct DeviceCase {
  const graph::Graph& graph;
  const graph::Graph& fused;
  std::span<const graph::ValueId> inputs;
  std::span<const graph::ValueId> keep;
  int64_t batch = 0;
  int64_t spare = 0;              ///< samples by which a plan is larger
  double tolerance = 0;           ///< where the device does not promise the same bits
  std::span<const Words> memory;  ///< the inputs of each copy
};

/// Checks that fused, in a larger plan, replayed, and as one of a stack the results are the same;
/// returns those of copy 0.
Words run_every_way(const DeviceBackend& device, const DeviceCase& c);

}  // namespace mlrun::ops::testing
