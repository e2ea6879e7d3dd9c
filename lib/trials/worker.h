// A worker process: trains the trials it is handed, one after the other.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "trials/child_process.h"
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

/// The parent's side of a worker.
class Worker {
 public:
  /// Forks. The child serves trials of `search` until its channel is closed. `in_child` runs first
  /// in the child (to close what is the parent's alone).
  Worker(const Search& search, const WorkerOptions& options, const std::function<void()>& in_child);

  void run(const Trial& trial);
  ChildProcess& process() { return process_; }
  int index() const { return index_; }

 private:
  int index_;
  ChildProcess process_;
};

}  // namespace mlrun::trials
