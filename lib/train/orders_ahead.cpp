#include "train/orders_ahead.h"

#include <algorithm>
#include <exception>
#include <system_error>

#include "device/pin.h"

namespace mlrun::train {

OrdersAhead::OrdersAhead(size_t trials, size_t threads, Draw draw)
    : draw_(std::move(draw)), drawn_(trials) {
  try {
    while (threads_.size() < threads) threads_.emplace_back([this] { draw_all(); });
  } catch (const std::system_error&) {  // those that there are draw all
  }
}

std::span<const int64_t> OrdersAhead::take(size_t trial) {
  return threads_.empty() ? draw_(trial) : drawn_[trial].get_future().get();
}

void OrdersAhead::draw_all() {
  for (size_t trial = next_++; trial < drawn_.size(); trial = next_++) {
    try {
      drawn_[trial].set_value(draw_(trial));
    } catch (...) {
      drawn_[trial].set_exception(std::current_exception());
    }
  }
}

size_t threads_for_orders(int64_t rows) {
  constexpr int64_t kWorthThreads = 1 << 16;
  constexpr size_t kMost = 3;
  if (rows < kWorthThreads) return 0;
  return std::min(kMost, device::affinity_of_this_thread().size() - 1);
}

}  // namespace mlrun::train
