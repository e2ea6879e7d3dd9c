// The context of CPU kernels.
#pragma once

#include "device/context.h"
#include "device/team.h"

namespace mlrun::device {

/// Owns the threads of one training.
class CpuContext : public Context {
 public:
  explicit CpuContext(int threads) : team_(threads) {}

  ThreadTeam& team() { return team_; }

 private:
  ThreadTeam team_;
};

/// The team behind a context that is known to be a CPU's.
inline ThreadTeam& cpu_team(Context& context) { return static_cast<CpuContext&>(context).team(); }

}  // namespace mlrun::device
