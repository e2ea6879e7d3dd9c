// The core and memory budget: what this process may use, and why.
//
// cores = affinity mask, cut by the cgroup CPU quota, SLURM_CPUS_PER_TASK and SLURM_CPUS_ON_NODE.
// Cgroup limits hold for a whole subtree, so every level up to the root is looked at. Linux kernel
// documentation: admin-guide/cgroup-v2 (cpu.max, memory.max), scheduler/sched-bwc (cpu.cfs_*).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace mlrun::device {

/// Where the facts come from; tests put folders and values of their own here.
struct BudgetSources {
  std::string proc_root = "/proc";
  std::string cgroup_root = "/sys/fs/cgroup";
  std::string sys_root = "/sys";
  std::vector<int> affinity;  ///< CPU ids of the mask, sorted
  std::function<const char*(const char* name)> getenv;

  static BudgetSources of_this_process();
};

/// One logical CPU.
struct Core {
  int cpu = 0;
  int numa_node = -1;         ///< -1: not known
  std::vector<int> siblings;  ///< CPU ids on the same physical core, with itself; sorted
};

struct Budget {
  /// At least one; one hyperthread of each physical core first, then the second ones, each round
  /// by NUMA node and id: a prefix of any length is a good choice.
  std::vector<Core> cores;
  /// True if the affinity mask itself is the limit. Otherwise (a quota, Slurm without binding)
  /// others run on the same cores and would be pinned to the same first ones: do not pin then.
  bool may_pin = false;
  /// The cgroup's limit or MemAvailable, whichever is less; 0: not known.
  int64_t memory_bytes = 0;
  /// One line each, for people: "2 cores in the affinity mask", "cgroup quota 1.5 cores -> 1".
  std::vector<std::string> reasons;

  int core_count() const { return static_cast<int>(cores.size()); }
  std::vector<int> cpu_ids() const;
};

/// Never throws for what it cannot read: a missing fact limits nothing.
Budget find_budget(const BudgetSources& sources = BudgetSources::of_this_process());

}  // namespace mlrun::device
