// The user, or Slurm, asks a run to end.
#pragma once

namespace mlrun::trials {

/// Turns SIGINT, SIGTERM and SIGUSR1 into a request that schedulers see, for as long as it lives.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  static bool requested();
  static int count();  ///< of signals so far
};

}  // namespace mlrun::trials
