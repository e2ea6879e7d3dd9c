#include "train/orders_ahead.h"

#include <doctest/doctest.h>

#include <numeric>
#include <stdexcept>
#include <vector>

using namespace mlrun;

namespace {

constexpr size_t kTrials = 7;

// Trial i is to see i numbers.
class Orders {
 public:
  Orders() : orders_(kTrials) {}

  std::span<const int64_t> draw(size_t trial) {
    orders_[trial].resize(trial);
    std::iota(orders_[trial].begin(), orders_[trial].end(), 0);
    return orders_[trial];
  }

 private:
  std::vector<std::vector<int64_t>> orders_;
};

}  // namespace

TEST_CASE("orders ahead: each trial gets its own, by however many threads") {
  for (const size_t threads : {0, 1, 3, 9}) {
    CAPTURE(threads);
    Orders orders;
    train::OrdersAhead ahead(kTrials, threads, [&](size_t trial) { return orders.draw(trial); });
    for (size_t trial = kTrials; trial-- > 0;) {
      const std::span<const int64_t> order = ahead.take(trial);
      CHECK(order.size() == trial);
      CHECK((order.empty() || order.back() == static_cast<int64_t>(trial) - 1));
    }
  }
}

TEST_CASE("orders ahead: nobody has to take them") {
  Orders orders;
  const train::OrdersAhead ahead(kTrials, 2, [&](size_t trial) { return orders.draw(trial); });
}

TEST_CASE("orders ahead: what cannot be drawn is told to who takes it") {
  for (const size_t threads : {0, 2}) {
    CAPTURE(threads);
    Orders orders;
    train::OrdersAhead ahead(kTrials, threads, [&](size_t trial) {
      if (trial == 3) throw std::runtime_error("lost");
      return orders.draw(trial);
    });
    CHECK(ahead.take(2).size() == 2);
    CHECK_THROWS_WITH_AS(ahead.take(3), "lost", std::runtime_error);
    CHECK(ahead.take(4).size() == 4);
  }
}

TEST_CASE("orders ahead: few rows are not worth a thread") {
  CHECK(train::threads_for_orders(1000) == 0);
  CHECK(train::threads_for_orders(int64_t{1} << 30) <= 3);
}
