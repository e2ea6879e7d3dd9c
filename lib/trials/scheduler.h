// The parent: owns the queue, hands trials to workers, and is the only writer of the journal. It
// never computes.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "store/journal.h"
#include "trials/progress.h"
#include "trials/worker.h"

namespace mlrun::trials {

struct SchedulerOptions {
  int workers = 1;
  int threads = 1;         ///< of one trial
  std::vector<int> cores;  ///< to pin workers to, in turn; empty: no pinning
  int retries = 1;         ///< further attempts after a crash or an error
  bool stop_on_error = false;
  double deadline = 0;  ///< of now_seconds(); 0: none
  std::filesystem::path checkpoints;
  std::filesystem::path model;
  bool keep_predictions = true;
};

enum class RunOutcome {
  kDone,         ///< every trial has ended
  kInterrupted,  ///< by a signal or the time budget: resumable
  kStopped,      ///< by the first failure
};

/// Turns SIGINT, SIGTERM and SIGUSR1 into a request that schedulers see, for as long as it lives.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  static bool requested();
};

class Scheduler {
 public:
  /// All references must outlive the scheduler. Every record goes to the journal and then to
  /// `records` (by trial id).
  Scheduler(const Search& search, const SchedulerOptions& options, store::Journal& journal,
            Progress& progress, std::map<int32_t, TrialRecord>& records);
  ~Scheduler();

  /// Runs the trials, expensive ones first.
  RunOutcome run(std::vector<Trial> trials);

 private:
  struct Slot {
    std::unique_ptr<Worker> worker;
    std::optional<Trial> trial;
  };

  void start(Slot& slot, size_t index);
  void hand_out();
  void wait_for_messages();
  void read_from(Slot& slot);
  void on_message(Slot& slot, const std::string& message);
  void on_death(Slot& slot);
  void finish(TrialRecord record);
  void fail_or_retry(TrialRecord record);
  void sync_now_and_then();
  bool any_running() const;
  bool should_stop() const;
  void stop_workers();

  const Search& search_;
  const SchedulerOptions& options_;
  store::Journal& journal_;
  Progress& progress_;
  std::map<int32_t, TrialRecord>& records_;
  std::deque<Trial> queue_;
  std::map<int32_t, int> attempts_;
  std::vector<Slot> slots_;
  bool failed_ = false;
  double last_sync_ = 0;
  bool unsynced_ = false;
};

}  // namespace mlrun::trials
