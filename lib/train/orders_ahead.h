// The orders of a stack's next epoch, drawn by threads of their own while the device computes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <span>
#include <thread>
#include <vector>

namespace mlrun::train {

/// To draw an order for each of 128 trials of 50,000 rows takes one thread nearly as long as an
/// H100 takes for an epoch of small nets.
class OrdersAhead {
 public:
  using Draw = std::function<std::span<const int64_t>(size_t trial)>;

  /// `draw` is called once for each trial, in their order, by any of `threads` threads, or as many
  /// as the system lets it have; without threads by who asks.
  OrdersAhead(size_t trials, size_t threads, Draw draw);

  /// What was drawn for a trial, which is waited for; to be asked at most once. Throws what `draw`
  /// threw.
  std::span<const int64_t> take(size_t trial);

 private:
  void draw_all();

  Draw draw_;
  std::vector<std::promise<std::span<const int64_t>>> drawn_;
  std::atomic<size_t> next_ = 0;
  std::vector<std::jthread> threads_;  ///< end before what they use
};

/// Threads that are worth it for so many rows in all: none for few, and no more than the calling
/// thread's process has cores besides.
size_t threads_for_orders(int64_t rows);

}  // namespace mlrun::train
