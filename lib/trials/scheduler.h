// The parent: owns the queue, hands trials to workers, and is the only writer of the journal. It
// never computes.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "store/journal.h"
#include "trials/gpu_monitor.h"
#include "trials/interrupt.h"
#include "trials/progress.h"
#include "trials/slots.h"

namespace mlrun::trials {

struct SchedulerOptions {
  int retries = 1;  ///< further attempts after a crash or an error
  bool stop_on_error = false;
  double deadline = 0;  ///< of now_seconds(); 0: none
  std::filesystem::path checkpoints;
  std::filesystem::path model;
  bool keep_predictions = true;
  EngineMaker make_engine = trials::make_engine;
};

enum class RunOutcome {
  kDone,         ///< every trial has ended
  kInterrupted,  ///< by a signal or the time budget: resumable
  kStopped,      ///< by the first failure
};

/// What one scheduler leaves to the next: the search is followed by the final fit.
struct RunState {
  Fleet& fleet;  ///< learns which devices are lost, and how many trials fit on them
  GpuMonitor& monitor;
  store::Journal& journal;
  Progress& progress;
  std::map<int32_t, TrialRecord>& records;  ///< by trial
  DeviceSamples& samples;                   ///< of this run and those it goes on from
};

class Scheduler {
 public:
  /// All references must outlive the scheduler. Every record goes to the journal and then to the
  /// records.
  Scheduler(const Search& search, const SchedulerOptions& options, RunState state);

  /// Runs the trials, expensive ones first.
  ///
  /// A trial that fails, or whose worker dies, is tried again `retries` times; on another device if
  /// there is one. Three things are not held against it: that it did not fit beside others (then
  /// the device takes fewer), that others died with the worker (then each is run alone), and, once,
  /// that its device was lost. A trial for which no device is left fails.
  ///
  /// A stack that fails has cost each of its trials an attempt, and each is run alone, whatever
  /// `retries` says: which of them it was is not known. One that does not fit is cut in halves.
  RunOutcome run(std::vector<Trial> trials);

 private:
  void start(size_t index);
  void hand_out();
  void wait_for_messages();
  void read_from(Slot& slot);
  void on_message(Slot& slot, const std::string& message);
  void on_record(Slot& slot, TrialRecord record, bool may_retry);
  void on_out_of_memory(Slot& slot, const Slot::Running& ended, const std::string& why);
  void on_death(Slot& slot);
  std::string loss_of(Slot& slot, const std::string& death);
  void run_alone(const Slot& slot, const Trial& trial, const std::string& why, bool stacked);
  void watch_devices();
  void retire(Slot& slot);
  void after_loss(const Slot& slot, const Pending& pending);
  void give_up_queue();
  Slot::Running take_all(Slot& slot, std::list<Slot::Running>::iterator running);
  TrialRecord failure(const Slot& slot, const Trial& trial, TrialStatus status,
                      std::string message) const;
  int to_avoid(const Slot& slot) const;
  void fail_or_retry(TrialRecord record, const Slot& slot);
  void finish(TrialRecord record);
  void journal_samples();
  void sync_now_and_then();
  int index_of(const Slot& slot) const { return static_cast<int>(&slot - slots_.data()); }
  bool any_running() const;
  bool should_stop() const;
  void stop_workers();

  const Search& search_;
  const SchedulerOptions& options_;
  RunState state_;
  std::deque<Pending> queue_;
  std::map<int32_t, int> attempts_;  ///< that failed
  std::map<int32_t, int> losses_;    ///< of the device under it
  std::vector<Slot> slots_;
  bool failed_ = false;
  bool interrupted_ = false;  ///< a trial, which goes on another time
  double last_sync_ = 0;
  double last_samples_ = 0;
  bool unsynced_ = false;
};

}  // namespace mlrun::trials
