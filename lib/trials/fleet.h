// The devices of a run, and how many trials each takes at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "device/budget.h"
#include "trials/placement.h"
#include "trials/search.h"

namespace mlrun::trials {

/// One worker process, and what it may be given.
struct Station {
  Placement placement;
  int capacity = 1;          ///< trials at a time; lowered when they turn out not to fit together
  int stack = 1;             ///< most that are trained as one, and count as one; lowered likewise
  int64_t memory_bytes = 0;  ///< for what runs at a time, device_bytes() each; 0: no limit known
  std::string loss;          ///< why it gets no further trials; "" while it does

  bool is_usable() const { return loss.empty(); }
};

/// CPU workers or GPU workers, never both: which device computes a trial must not depend on who is
/// free first.
struct Fleet {
  std::vector<Station> stations;
  int threads = 1;         ///< of one trial
  std::vector<int> cores;  ///< to pin CPU workers to, in turn; empty: no pinning
  std::string limit;       ///< why there are fewer workers than cores for them; "" if there are not

  bool has_gpus() const { return !stations.empty() && stations.front().placement.gpu.has_value(); }
  bool has_usable() const;
};

/// Estimate of what a stack of this many trials of the cell takes on a GPU: for each its variables
/// with their optimizer state, the planned arena of a step, what scoring takes and the data, or one
/// copy of the data for all if all see the same; for all the workspace of the product library. Data
/// that are larger than the `room` (0: no limit known) are streamed.
int64_t device_bytes(const Search& search, const Cell& cell, int64_t stack = 1, int64_t room = 0);

/// Without GPUs: `jobs` CPU workers, at most as many as have cores of their own (-1: that many, as
/// far as the memory goes).
///
/// With GPUs: a worker for each. It takes as many trials at a time as have a core of their own to
/// be driven from, at most 16, and over all GPUs at most `jobs`; by device_bytes() they fit into
/// the memory that is free now, less what CUDA takes.
///
/// `stack` trials are trained as one, where the search has so many that can be. Nothing: one on a
/// CPU, which wins nothing by more, and on a GPU all that fit, at most 128.
Fleet make_fleet(const Search& search, const device::Budget& budget, int jobs,
                 const std::vector<device::Gpu>& gpus, std::optional<int> stack = {});

/// "cpu: 2 workers x 1 threads, stacks of up to 4", "gpu0 NVIDIA H100 80GB HBM3: up to 8
/// trials at a time; gpu1 A: lost, GPU is lost".
std::string describe(const Fleet& fleet);

}  // namespace mlrun::trials
