// Where every value lives: lifetimes packed into one arena, before the first step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace mlrun::graph {

/// Buffers start at multiples of this, and are padded to it.
inline constexpr int64_t kAlignment = 64;

/// Where a value's bytes are.
struct Placement {
  enum class Kind : uint8_t { kUnused, kArena, kExternal };
  Kind kind = Kind::kUnused;
  int64_t offset = 0;           ///< in the arena
  ValueId external = kNoValue;  ///< the input or variable whose memory it is
};

/// The memory of one graph at up to `max_batch` samples. Values that never live at the same time
/// share bytes; outputs in `keep` live to the end.
struct Plan {
  int64_t max_batch = 0;
  std::vector<Placement> placements;  ///< by value
  int64_t arena_bytes = 0;            ///< workspace included
  int64_t workspace_offset = 0;
  int64_t unshared_bytes = 0;  ///< what it would be without sharing
  Cost cost;                   ///< of one run at max_batch
};

Plan make_plan(const Graph& graph, std::span<const ValueId> keep, int64_t max_batch,
               Target target = Target::kCpu);

}  // namespace mlrun::graph
