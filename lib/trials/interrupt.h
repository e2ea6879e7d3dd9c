// The user, or Slurm, asks a run to end.
#pragma once

namespace mlrun::trials {

/// Ends the process with `code` and this text on SIGINT, SIGTERM, SIGUSR1 and SIGHUP, without what
/// it is still writing (base/pending_file.h). An InterruptGuard takes over from it.
void exit_on_interrupt(int code, const char* text);

/// Turns these signals into a request that schedulers see, for as long as it lives. SIGHUP stays
/// ignored if it is (nohup).
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  static bool requested();
  static int count();  ///< of signals so far
};

}  // namespace mlrun::trials
