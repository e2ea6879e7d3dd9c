#include "device/team.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "device/pin.h"

using namespace mlrun;
using namespace mlrun::device;

TEST_CASE("team: each index is called once in a run, run after run") {
  for (const int size : {1, 2, 3, 8}) {
    ThreadTeam team(size);
    CHECK(team.size() == size);
    std::vector<int> calls(static_cast<size_t>(size), 0);  // not atomic: run() must order them
    for (int round = 0; round < 2000; ++round) {
      team.run([&](int index, int count) { calls[static_cast<size_t>(index)] += count; });
    }
    CHECK(calls == std::vector<int>(static_cast<size_t>(size), 2000 * size));
  }
}

TEST_CASE("team: the caller is thread 0") {
  ThreadTeam team(2);
  std::thread::id ids[2];
  team.run([&](int index, int) { ids[index] = std::this_thread::get_id(); });
  CHECK(ids[0] == std::this_thread::get_id());
  CHECK(ids[1] != ids[0]);
}

TEST_CASE("team: it wakes up from sleep") {
  ThreadTeam team(3);
  int total = 0;
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    int part[3] = {};
    team.run([&](int index, int) { part[index] = index + 1; });
    total += part[0] + part[1] + part[2];
  }
  CHECK(total == 5 * 6);
}

TEST_CASE("team: the exception of the lowest index reaches the caller and the team goes on") {
  ThreadTeam team(4);
  const auto fail = [](int index, int) {
    if (index >= 2) throw std::runtime_error("thread " + std::to_string(index));
  };
  for (int round = 0; round < 20; ++round) CHECK_THROWS_WITH(team.run(fail), "thread 2");
  CHECK_THROWS_WITH(team.run([](int, int) { throw std::runtime_error("all"); }), "all");
  int calls[4] = {};
  team.run([&](int index, int) { calls[index] = 1; });
  CHECK(std::accumulate(calls, calls + 4, 0) == 4);
}

TEST_CASE("team: threads are pinned when cores are given") {
  const std::vector<int> all = affinity_of_this_thread();
  std::vector<int> seen[3];
  std::thread([&] {  // in a thread of its own, whose mask may change
    ThreadTeam team(3, all);
    team.run([&](int index, int) { seen[index] = affinity_of_this_thread(); });
  })
      .join();
  for (size_t i = 0; i < 3; ++i) CHECK(seen[i] == std::vector<int>{all[i % all.size()]});
}

TEST_CASE("team: cores that are not there are an error of the constructor") {
  const std::vector<int> cores = {affinity_of_this_thread().front(), 4000};
  std::string message;
  std::thread([&] {
    try {
      ThreadTeam team(2, cores);
    } catch (const Error& error) {
      message = error.what();
    }
  }).join();
  CHECK(message == "pin to cores 4000: Invalid argument");
}

TEST_CASE("parallel_for: covers the range once in parts that are not too small") {
  for (const int size : {1, 2, 3}) {
    ThreadTeam team(size);
    for (const int64_t n : {0, 1, 7, 19, 20, 21, 1000}) {
      CAPTURE(n);
      std::vector<int> touched(static_cast<size_t>(n), 0);
      std::atomic<int> parts{0};
      std::atomic<int64_t> smallest{n};
      parallel_for(team, n, 10, [&](int64_t begin, int64_t end) {
        ++parts;
        for (int64_t i = begin; i < end; ++i) ++touched[static_cast<size_t>(i)];
        int64_t least = smallest;
        while (end - begin < least && !smallest.compare_exchange_weak(least, end - begin)) {
        }
      });
      CHECK(touched == std::vector<int>(static_cast<size_t>(n), 1));
      CHECK(parts == (n == 0 ? 0 : std::clamp<int64_t>(n / 10, 1, size)));
      CHECK(smallest >= std::min<int64_t>(n, 10));
    }
  }
}
