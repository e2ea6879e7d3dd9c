#include "trials/fleet.h"

#include <doctest/doctest.h>

#include "trials/slots.h"
#include "trials/small_search.h"

using namespace mlrun;
using namespace mlrun::trials;

namespace {

constexpr int64_t kGiB = int64_t{1} << 30;

device::Budget cores(int count) {
  device::Budget budget;
  for (int i = 0; i < count; ++i)
    budget.cores.push_back({.cpu = i, .numa_node = 0, .siblings = {}});
  budget.may_pin = true;
  return budget;
}

std::vector<device::Gpu> gpus(int count, int64_t free_bytes = 80 * kGiB) {
  std::vector<device::Gpu> all(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    device::Gpu& gpu = all[static_cast<size_t>(i)];
    gpu.number = gpu.index = i;
    gpu.name = "H100";
    gpu.uuid = "GPU-" + std::to_string(i);
    gpu.memory = {.total_bytes = free_bytes, .free_bytes = free_bytes, .used_bytes = 0};
  }
  return all;
}

// "2 2": trials at a time of each station.
std::string capacities(const Fleet& fleet) {
  std::string text;
  for (const Station& station : fleet.stations) text += std::to_string(station.capacity) + " ";
  return text;
}

}  // namespace

TEST_CASE("fleet: CPU workers have cores of their own") {
  const test::SmallSearch small;
  const Fleet all = make_fleet(small.search, cores(4), -1, {});
  CHECK(describe(all) == "cpu: 4 workers x 1 threads");
  CHECK(all.cores.size() == 4);
  CHECK_FALSE(all.has_gpus());
  CHECK(describe(make_fleet(small.search, cores(4), 9, {})) == "cpu: 4 workers x 1 threads");
  const Fleet few = make_fleet(small.search, cores(4), 2, {});
  CHECK(few.stations.size() == 2);
  CHECK(few.cores.empty());
}

TEST_CASE("fleet: a worker for each GPU, trials by cores and --jobs") {
  const test::SmallSearch small;
  CHECK(capacities(make_fleet(small.search, cores(8), -1, gpus(2))) == "4 4 ");
  CHECK(capacities(make_fleet(small.search, cores(64), -1, gpus(2))) == "16 16 ");
  CHECK(capacities(make_fleet(small.search, cores(2), -1, gpus(4))) == "1 1 1 1 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 1, gpus(2))) == "1 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 5, gpus(2))) == "2 2 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 100, gpus(2))) == "4 4 ");
  CHECK(describe(make_fleet(small.search, cores(2), -1, gpus(2))) ==
        "gpu0 H100: one trial at a time; gpu1 H100: one trial at a time");
  CHECK(describe(make_fleet(small.search, cores(3), -1, gpus(1))) ==
        "gpu0 H100: up to 3 trials at a time");
  Fleet lost = make_fleet(small.search, cores(2), -1, gpus(2));
  lost.stations[1].loss = "GPU is lost";
  CHECK(describe(lost) == "gpu0 H100: one trial at a time; gpu1 H100: lost, GPU is lost");
}

TEST_CASE("fleet: memory for trials is what is free, less CUDA and the data") {
  const test::SmallSearch small;
  const int64_t data = small.search.dataset.rows * small.search.dataset.width() * 4;
  const Fleet fleet = make_fleet(small.search, cores(8), -1, gpus(1, 5 * kGiB));
  CHECK(fleet.stations[0].memory_bytes <= 4 * kGiB - data);
  CHECK(fleet.stations[0].memory_bytes > 4 * kGiB - 3 * data);
  CHECK(device_bytes(small.search.cells[0]) > small.search.cells[0].model.variable_bytes);
  const Fleet full = make_fleet(small.search, cores(8), -1, gpus(1, 1000));
  CHECK(full.stations[0].memory_bytes == 1);  // one at a time; 0 would be no limit
}

namespace {

// A queue of all trials before stations that nobody serves yet.
struct Hall {
  test::SmallSearch small;
  std::vector<Station> stations;
  std::vector<Slot> slots;
  std::deque<Pending> queue;

  explicit Hall(std::vector<int> capacity) {
    for (const int trials : capacity) {
      Station station;
      station.placement.gpu = device::Gpu{};
      station.capacity = trials;
      stations.push_back(station);
    }
    for (Station& station : stations) slots.push_back({&station, nullptr, {}});
    for (const Trial& trial : small.search.trials) queue.push_back({.trial = trial});
  }

  // "0:0 1:1": trial and slot, until nothing fits.
  std::string hand_out() {
    std::string text;
    while (const auto next = next_assignment(small.search, queue, slots)) {
      const Pending pending = *next->pending;
      queue.erase(next->pending);
      slots[next->slot].add(pending);
      text += std::to_string(pending.trial.id) + ":" + std::to_string(next->slot) + " ";
    }
    return text;
  }
};

}  // namespace

TEST_CASE("slots: trials spread over the devices up to what each takes") {
  Hall hall({2, 3});
  CHECK(hall.hand_out() == "0:0 1:1 2:0 3:1 4:1 ");
  hall.slots[0].running.erase(2);
  CHECK(hall.hand_out() == "5:0 ");
}

TEST_CASE("slots: who had company, be it for a moment, is known") {
  Hall hall({2, 3});
  hall.queue.resize(3);
  hall.hand_out();
  CHECK(hall.slots[0].running.at(0).had_company);
  CHECK(hall.slots[0].running.at(2).had_company);
  CHECK_FALSE(hall.slots[1].running.at(1).had_company);
  hall.slots[0].running.erase(2);
  CHECK(hall.slots[0].running.at(0).had_company);
}

TEST_CASE("slots: memory limits what runs together, never a single trial") {
  Hall hall({4, 4});
  const int64_t one = device_bytes(hall.small.search.cells[0]);
  hall.stations[0].memory_bytes = 2 * one + one / 2;
  hall.stations[1].memory_bytes = 1;
  CHECK(hall.hand_out() == "0:0 1:1 2:0 ");
}

TEST_CASE("slots: a trial that is to run alone waits, and nobody overtakes it") {
  Hall hall({2});
  hall.queue[1].alone = true;
  CHECK(hall.hand_out() == "0:0 ");
  hall.slots[0].running.clear();
  CHECK(hall.hand_out() == "1:0 ");
  hall.slots[0].running.clear();
  CHECK(hall.hand_out() == "2:0 3:0 ");
}

TEST_CASE("slots: a trial goes back to a device it avoids only when there is no other") {
  Hall hall({1, 1});
  hall.queue[0].avoid = 0;
  CHECK(hall.hand_out() == "1:0 0:1 ");
  Hall lonely({1, 1});
  lonely.queue[0].avoid = 0;
  lonely.stations[1].loss = "GPU is lost";
  CHECK(lonely.hand_out() == "0:0 ");
}
