// The orders of a stack's next epoch, drawn by threads of their own while the device computes.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <span>
#include <thread>
#include <vector>

namespace mlrun::train {

/// Of 128 trials of 50,000 rows an order for each takes one thread as long as an H100 takes for an
/// epoch of small nets.
class OrdersAhead {
 public:
  using Draw = std::function<std::span<const int64_t>(size_t trial)>;

  /// `draw` is called once for each trial, by any of `threads` threads; without threads by who
  /// asks.
  OrdersAhead(size_t trials, size_t threads, Draw draw);
  ~OrdersAhead();

  OrdersAhead(const OrdersAhead&) = delete;
  OrdersAhead& operator=(const OrdersAhead&) = delete;

  /// What was drawn for a trial, which is waited for; to be asked at most once. Throws what `draw`
  /// threw.
  std::span<const int64_t> take(size_t trial);

 private:
  void draw_every(size_t first, size_t step);

  Draw draw_;
  std::vector<std::promise<std::span<const int64_t>>> drawn_;
  std::vector<std::thread> threads_;
};

/// Threads that are worth it for so many rows in all: none for few, and no more than the calling
/// thread's process has cores besides.
size_t threads_for_orders(int64_t rows);

}  // namespace mlrun::train
