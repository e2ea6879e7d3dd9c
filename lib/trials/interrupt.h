// The user, or Slurm, asks a run to end.
#pragma once

namespace mlrun::trials {

/// Ends the process with `code` on SIGINT, SIGTERM and SIGUSR1: while nothing has been trained
/// there is nothing to be kept. An InterruptGuard takes over from it.
void exit_on_interrupt(int code);

/// Turns SIGINT, SIGTERM and SIGUSR1 into a request that schedulers see, for as long as it lives.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  static bool requested();
  static int count();  ///< of signals so far
};

}  // namespace mlrun::trials
