// A CUDA context that takes the time of the steps of an epoch, on the GPU's own clock.
#pragma once

#include <condition_variable>
#include <mutex>

#include "device/cuda_context.h"

namespace mlrun::bench {

/// Holds a stream until it is opened. Opens by itself after a while: work that is waited for before
/// it is opened would else be waited for forever.
class Gate {
 public:
  void close(cudaStream_t stream);
  void open();
  bool opened_by_itself() const { return opened_by_itself_; }

 private:
  static void hold(void* gate);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool opened_by_itself_ = false;
};

/// All that is replayed between two downloads is an epoch, all but the first a step.
class TimedContext : public device::CudaContext {
 public:
  explicit TimedContext(int ordinal);

  /// Whether the GPU may begin an epoch only when all its steps are queued: then it never waits
  /// for the host, and the time is that of its own work.
  void set_gated(bool gated) { gated_ = gated; }

  /// Of the last epoch, from its first step to the end of its last; NaN where the queue was too
  /// short for it.
  double seconds() const { return seconds_; }
  int64_t steps() const { return steps_; }

  void download(void* to, const void* from, int64_t bytes) override;
  void replay(std::unique_ptr<device::Recording>& recording,
              device::FunctionRef<void()> launches) override;

 private:
  Gate gate_;
  device::Event begin_, end_;
  bool gated_ = false;
  bool running_ = false;
  double seconds_ = 0;
  int64_t steps_ = 0;
};

}  // namespace mlrun::bench
