// Threads that work together on one thing at a time: fork-join without a fork.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <span>
#include <thread>
#include <vector>

#include "device/function_ref.h"

namespace mlrun::device {

/// `size()` threads that live as long as the team; whoever calls run() is number 0. Between two
/// runs the others spin for some 20 microseconds (a training step is a chain of short runs) and
/// then sleep; they only sleep if there are fewer cores than threads.
///
/// One thread at a time may call run(), and not from inside a run. Threads do not survive fork:
/// make the team in the process that uses it.
class ThreadTeam {
 public:
  using Work = FunctionRef<void(int index, int count)>;

  /// count >= 1. Thread i is pinned to cores[i % cores.size()], the calling thread too (for good);
  /// no cores: no pinning. Throws Error if pinning fails or a thread cannot be started.
  explicit ThreadTeam(int count, std::span<const int> cores = {});
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  int size() const { return static_cast<int>(errors_.size()); }

  /// Calls work(0, size()) ... work(size() - 1, size()), each in its own thread, and returns when
  /// all have. Rethrows the exception of the lowest index that threw. Does not allocate.
  void run(Work work);

 private:
  void start_threads();
  void stop_threads();
  void serve(int index);
  void call(int index) noexcept;
  void rethrow_first();

  std::vector<std::exception_ptr> errors_;  ///< one slot per thread
  std::vector<std::thread> threads_;
  const Work* work_ = nullptr;  ///< null tells the threads to end
  bool may_spin_ = false;
  // On cache lines of their own: the caller writes one while the others poll it.
  alignas(64) std::atomic<uint32_t> generation_{0};
  alignas(64) std::atomic<int> busy_{0};
};

/// Calls f(begin, end) on parts of [0, n) of nearly equal length, each of at least `grain` >= 1,
/// one per thread; f(0, n) in the caller when n < 2 * grain. No call when n is 0.
void parallel_for(ThreadTeam& team, int64_t n, int64_t grain,
                  FunctionRef<void(int64_t begin, int64_t end)> f);

}  // namespace mlrun::device
