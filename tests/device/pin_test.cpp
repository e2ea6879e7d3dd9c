#include "device/pin.h"

#include <doctest/doctest.h>

#include <thread>

#include "base/error.h"

using namespace mlrun;
using namespace mlrun::device;

TEST_CASE("pin: a thread runs where it is told") {
  const std::vector<int> all = affinity_of_this_thread();
  std::vector<int> seen;
  std::thread([&] {
    pin_this_thread(std::span(all).last(1));
    seen = affinity_of_this_thread();
  }).join();
  CHECK(seen == std::vector<int>{all.back()});
  CHECK(affinity_of_this_thread() == all);
}

TEST_CASE("pin: cores that are not there") {
  CHECK_THROWS_WITH_AS(pin_this_thread(std::vector<int>{4000, 4001}),
                       "pin to cores 4000,4001: Invalid argument", Error);
}
