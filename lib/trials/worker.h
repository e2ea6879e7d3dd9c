// A worker process: trains the trials it is handed, alone or as stacks; on the CPU one after the
// other, on a GPU as they come, each in a thread of its own.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "trials/child_process.h"
#include "trials/engine.h"
#include "trials/record.h"
#include "trials/search.h"

namespace mlrun::trials {

/// What a worker says. First byte of a message.
enum class WorkerMessage : uint8_t {
  kEpoch = 1,        ///< i32 trial, i64 epoch, f64 loss: for the progress line only
  kRecord = 2,       ///< a TrialRecord
  kOutOfMemory = 3,  ///< i32 trial, text: it did not fit, nor did what is left of its stack
  kDeviceLost = 4,   ///< i32 trial, text: and neither this nor another trial can run here
  kRefusal = 5,      ///< a TrialRecord: the input is wrong, and would be in every attempt
  kNote = 6,         ///< i32 trial, text: for the user
};

struct WorkerOptions {
  int index = 0;
  Placement placement;
  EngineMaker make_engine = trials::make_engine;
  int threads = 1;
  std::vector<int> cores;             ///< to be pinned to; empty: not pinned
  std::filesystem::path checkpoints;  ///< folder; empty: none are written
  std::filesystem::path model;        ///< where the refitted model goes
  bool keep_predictions = true;
};

/// The parent's side of a worker.
class Worker {
 public:
  /// Forks. The child serves trials of `search` until its channel is closed. `in_child` runs first
  /// in the child (to close what is the parent's alone). A worker of a GPU sees that GPU only,
  /// which is decided before CUDA is touched: by CUDA_VISIBLE_DEVICES of its own.
  Worker(const Search& search, const WorkerOptions& options, const std::function<void()>& in_child);

  /// One, or several that can be trained as one.
  void run(const std::vector<Trial>& trials);
  ChildProcess& process() { return process_; }
  int index() const { return index_; }

 private:
  int index_;
  ChildProcess process_;
};

}  // namespace mlrun::trials
