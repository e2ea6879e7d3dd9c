#include "trials/fleet.h"

#include <doctest/doctest.h>

#include <utility>

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

TEST_CASE("fleet: no more CPU workers than the memory holds, unless they are asked for") {
  test::SmallSearch small;
  small.search.cells[1].model.batch_bytes = kGiB;
  device::Budget budget = cores(4);
  budget.memory_bytes = 3 * kGiB;
  CHECK(describe(make_fleet(small.search, budget, -1, {}))
            .starts_with("cpu: 2 workers x 1 threads (one takes up to 1"));
  CHECK(make_fleet(small.search, budget, 4, {}).stations.size() == 4);
  budget.memory_bytes = kGiB;
  CHECK(make_fleet(small.search, budget, -1, {}).stations.size() == 1);
  budget.memory_bytes = 100 * kGiB;
  CHECK(describe(make_fleet(small.search, budget, -1, {})) == "cpu: 4 workers x 1 threads");
}

TEST_CASE("fleet: a worker for each GPU, trials by cores and --jobs") {
  const test::SmallSearch small;
  CHECK(capacities(make_fleet(small.search, cores(8), -1, gpus(2))) == "4 4 ");
  CHECK(capacities(make_fleet(small.search, cores(64), -1, gpus(2))) == "16 16 ");
  CHECK(capacities(make_fleet(small.search, cores(2), -1, gpus(4))) == "1 1 1 1 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 1, gpus(2))) == "1 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 5, gpus(2))) == "2 2 ");
  CHECK(capacities(make_fleet(small.search, cores(8), 100, gpus(2))) == "4 4 ");
  CHECK(describe(make_fleet(small.search, cores(2), -1, gpus(2), 1)) ==
        "gpu0 H100: one trial at a time; gpu1 H100: one trial at a time");
  CHECK(describe(make_fleet(small.search, cores(3), -1, gpus(1), 1)) ==
        "gpu0 H100: up to 3 trials at a time");
  Fleet lost = make_fleet(small.search, cores(2), -1, gpus(2), 1);
  lost.stations[1].loss = "GPU is lost";
  CHECK(describe(lost) == "gpu0 H100: one trial at a time; gpu1 H100: lost, GPU is lost");
}

TEST_CASE("fleet: stacks as large as asked for, by default none on a CPU and all on a GPU") {
  const test::SmallSearch small;  // 6 trials of one shape
  CHECK(make_fleet(small.search, cores(2), -1, {}).stations[0].stack == 1);
  const Fleet four = make_fleet(small.search, cores(2), -1, {}, 4);
  CHECK(four.stations[1].stack == 4);
  CHECK(describe(four) == "cpu: 2 workers x 1 threads, stacks of up to 4");
  CHECK(make_fleet(small.search, cores(2), -1, {}, 100).stations[0].stack == 6);
  const Fleet fleet = make_fleet(small.search, cores(3), -1, gpus(1));
  CHECK(fleet.stations[0].stack == 6);
  CHECK(describe(fleet) == "gpu0 H100: up to 3 trials at a time, stacks of up to 6");
}

TEST_CASE("fleet: memory for trials is what is free, less CUDA's") {
  const test::SmallSearch small;
  const Fleet fleet = make_fleet(small.search, cores(8), -1, gpus(1, 5 * kGiB));
  CHECK(fleet.stations[0].memory_bytes == 4 * kGiB);
  const Fleet full = make_fleet(small.search, cores(8), -1, gpus(1, 1000));
  CHECK(full.stations[0].memory_bytes == 1);  // one at a time; 0 would be no limit
}

TEST_CASE("fleet: a trial takes its variables, a step and the data as floats") {
  const test::SmallSearch small;
  const Cell& cell = small.search.cells[0];
  CHECK(cell.model.gpu_data_bytes >= 120 * (2 + 1) * 4);
  CHECK(device_bytes(small.search, cell) >
        cell.model.variable_bytes + cell.model.gpu_batch_bytes + cell.model.gpu_data_bytes);
}

TEST_CASE("fleet: trials of a stack need data of their own where they learn from other rows") {
  const auto bytes_of_further = [](const std::vector<std::string>& overrides) {
    const test::SmallSearch small(overrides);
    const Cell& cell = small.search.cells[0];
    const int64_t further =
        device_bytes(small.search, cell, 2) - device_bytes(small.search, cell, 1);
    return std::pair(
        further - cell.model.variable_bytes - cell.model.gpu_batch_bytes - cell.model.scoring_bytes,
        cell.model.gpu_data_bytes);
  };
  CHECK(bytes_of_further({}).first == 0);
  const auto [bytes, data] = bytes_of_further({"dataset.standardize=true"});
  CHECK(bytes == data);
}

TEST_CASE("fleet: data that are larger than the GPU are streamed, and take none of it") {
  const test::SmallSearch small({"dataset.standardize=true"});
  const Cell& cell = small.search.cells[0];
  const int64_t data = cell.model.gpu_data_bytes;
  const int64_t all = device_bytes(small.search, cell, 2);
  CHECK(device_bytes(small.search, cell, 2, data) == all);
  CHECK(device_bytes(small.search, cell, 2, data - 1) == all - 2 * data);
}

namespace {

// A queue of all trials before stations that nobody serves yet.
struct Hall {
  test::SmallSearch small;
  std::vector<Station> stations;
  std::vector<Slot> slots;
  std::deque<Pending> queue;

  explicit Hall(std::vector<int> capacity, int stack = 1) {
    for (const int trials : capacity) {
      Station station;
      station.placement.gpu = device::Gpu{};
      station.capacity = trials;
      station.stack = stack;
      stations.push_back(station);
    }
    for (Station& station : stations) slots.push_back({&station, nullptr, {}});
    for (const Trial& trial : small.search.trials) {
      queue.push_back({.trial = trial, .shape = small.search.cells[0].shape});
    }
  }

  // "0:0 1+2:1": trial or stack, and slot, until nothing fits.
  std::string hand_out() {
    std::string text;
    while (auto next = next_assignment(small.search, queue, slots)) {
      std::string stack;
      for (const Pending& pending : next->trials) {
        stack += (stack.empty() ? "" : "+") + std::to_string(pending.trial.id);
      }
      text += stack + ":" + std::to_string(next->slot) + " ";
      slots[next->slot].add(std::move(next->trials));
    }
    return text;
  }

  void end(size_t slot, int32_t trial) { slots[slot].running.erase(slots[slot].find(trial)); }
};

}  // namespace

TEST_CASE("slots: trials spread over the devices up to what each takes") {
  Hall hall({2, 3});
  CHECK(hall.hand_out() == "0:0 1:1 2:0 3:1 4:1 ");
  hall.end(0, 2);
  CHECK(hall.hand_out() == "5:0 ");
}

TEST_CASE("slots: who had company, be it for a moment, is known") {
  Hall hall({2, 3});
  hall.queue.resize(3);
  hall.hand_out();
  CHECK(hall.slots[0].find(0)->had_company);
  CHECK(hall.slots[0].find(2)->had_company);
  CHECK_FALSE(hall.slots[1].find(1)->had_company);
  hall.end(0, 2);
  CHECK(hall.slots[0].find(0)->had_company);
  CHECK_THROWS_WITH(hall.slots[0].find(2), "a worker answered for a trial that it was not given");
}

TEST_CASE("slots: memory limits what runs together, never a single trial") {
  Hall hall({4, 4});
  const int64_t one = device_bytes(hall.small.search, hall.small.search.cells[0]);
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

TEST_CASE("slots: trials of one shape are stacked, shared among the slots that wait") {
  CHECK(Hall({1, 1}, 4).hand_out() == "0+1+2:0 3+4+5:1 ");
  CHECK(Hall({1, 1}, 2).hand_out() == "0+1:0 2+3:1 ");
  CHECK(Hall({2}, 4).hand_out() == "0+1+2+3:0 4+5:0 ");
  Hall hall({1, 1}, 8);
  hall.queue[2].shape = 7;
  CHECK(hall.hand_out() == "0:0 1:1 ");
  hall.slots[0].running.clear();
  CHECK(hall.hand_out() == "2:0 ");
  hall.slots[1].running.clear();
  CHECK(hall.hand_out() == "3+4+5:1 ");
}

TEST_CASE("slots: a stack is as large as the memory, and a trial that is to run alone in none") {
  Hall hall({2}, 6);
  const trials::Search& search = hall.small.search;
  hall.stations[0].memory_bytes = device_bytes(search, search.cells[0], 3);
  CHECK(hall.hand_out() == "0+1+2:0 ");
  Hall alone({1}, 6);
  alone.queue[2].alone = true;
  CHECK(alone.hand_out() == "0+1:0 ");
  alone.slots[0].running.clear();
  CHECK(alone.hand_out() == "2:0 ");
}
