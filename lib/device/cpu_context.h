// The context of CPU kernels.
#pragma once

#include "device/context.h"
#include "device/team.h"

namespace mlrun::device {

/// Owns the threads of one training. Its memory is the host's, and it records nothing.
class CpuContext : public Context {
 public:
  explicit CpuContext(int threads) : team_(threads) {}

  ThreadTeam& team() { return team_; }

  bool memory_is_hosts() const override { return true; }
  Memory allocate(int64_t bytes) override;
  void upload(void* to, const void* from, int64_t bytes) override;
  void download(void* to, const void* from, int64_t bytes) override;
  void replay(std::unique_ptr<Recording>&, FunctionRef<void()> launches) override { launches(); }

 private:
  void release(std::byte* memory) override;

  ThreadTeam team_;
};

/// The team behind a context that is known to be a CPU's.
inline ThreadTeam& cpu_team(Context& context) { return static_cast<CpuContext&>(context).team(); }

}  // namespace mlrun::device
