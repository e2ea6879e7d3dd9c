// A worker process: trains the trials it is handed, one after the other.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "trials/channel.h"
#include "trials/record.h"
#include "trials/search.h"

namespace mlrun::trials {

/// What a worker says. First byte of a message.
enum class WorkerMessage : uint8_t {
  kEpoch = 1,   ///< i32 trial, i64 epoch, f64 loss: for the progress line only
  kRecord = 2,  ///< a TrialRecord
};

struct WorkerOptions {
  int index = 0;
  int threads = 1;
  std::vector<int> cores;             ///< to be pinned to; empty: not pinned
  std::filesystem::path checkpoints;  ///< folder; empty: none are written
  std::filesystem::path model;        ///< where the refitted model goes
  bool send_epochs = false;
  bool keep_predictions = true;
};

/// The parent's side of a worker. The process ends with this object, or with the parent.
class Worker {
 public:
  /// Forks. The child serves trials of `search` until its channel is closed. `in_child` runs first
  /// in the child (to close what is the parent's alone).
  Worker(const Search& search, WorkerOptions options, const std::function<void()>& in_child);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run(const Trial& trial);
  Channel& channel() { return *channel_; }
  pid_t pid() const { return pid_; }
  int index() const { return index_; }

  /// Asks for an early end: the trial stops after its epoch.
  void interrupt();
  void kill();

  /// Waits for the process to be gone and says how it went: "killed by signal 9 (Killed)".
  std::string reap();

 private:
  int index_;
  pid_t pid_ = -1;
  std::unique_ptr<Channel> channel_;
};

}  // namespace mlrun::trials
