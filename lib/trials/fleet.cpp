#include "trials/fleet.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "data/transform.h"
#include "train/fitting_rows.h"

namespace mlrun::trials {
namespace {

// Beyond, a GPU wins nothing by one more stream.
constexpr int kMostTrialsPerGpu = 16;
// Enough for small nets to fill a GPU.
constexpr int kMostStacked = 128;
// What a process takes for CUDA and cuBLAS before its first tensor, rounded up.
constexpr int64_t kContextBytes = int64_t{1} << 30;
// Of a CPU worker, besides what it trains.
constexpr int64_t kProcessBytes = int64_t{64} << 20;
// cuBLAS's workspace on Hopper (cuBLAS documentation, cublasSetWorkspace), and as much again to be
// safe.
constexpr int64_t kWorkspaceBytes = int64_t{64} << 20;

// Whether what is learned from the training rows, if anything, is the same in all trials of a
// stack.
bool share_data(const Search& search, const config::ExperimentSpec& spec) {
  const bool same_rows = search.folds.size() <= 1 && !train::validates(spec, search.dataset);
  const bool learns =
      data::Transform::learns(search.dataset, spec.dataset) || spec.train.class_weight.balanced;
  return same_rows || !learns;
}

int64_t memory_for_trials(const device::Gpu& gpu) {
  return gpu.memory ? std::max<int64_t>(gpu.memory->free_bytes - kContextBytes, 1) : 0;
}

// What the largest stack takes in a process of its own; the data are there once for all.
int64_t worker_bytes(const Search& search, int stack) {
  int64_t most = 0;
  for (const Cell& cell : search.cells) {
    const train::ModelReport& model = cell.model;
    most = std::max(most, model.variable_bytes + model.batch_bytes + model.scoring_bytes);
  }
  return stack * most + kProcessBytes;
}

// As many as the memory holds, unless so many are asked for.
int count_workers(const device::Budget& budget, int jobs, int fit, int64_t bytes, Fleet& fleet) {
  if (jobs >= 0) return std::clamp(jobs, 1, fit);
  const int64_t held = std::max<int64_t>(budget.memory_bytes / bytes, 1);
  if (budget.memory_bytes == 0 || held >= fit) return fit;
  fleet.limit = fmt::format(" (one takes up to {} of the {} MiB of memory)", bytes >> 20,
                            budget.memory_bytes >> 20);
  return static_cast<int>(held);
}

Fleet cpu_fleet(const Search& search, const device::Budget& budget, int jobs, int threads,
                int stack) {
  Fleet fleet;
  fleet.threads = threads;
  const int fit = std::max(1, budget.core_count() / threads);
  const int workers = count_workers(budget, jobs, fit, worker_bytes(search, stack), fleet);
  Station station;
  station.stack = stack;
  fleet.stations.assign(static_cast<size_t>(workers), station);
  // Two runs side by side that each need a part of the cores would both take the first.
  const bool takes_all = workers * threads == budget.core_count();
  if (budget.may_pin && takes_all) fleet.cores = budget.cpu_ids();
  return fleet;
}

}  // namespace

bool Fleet::has_usable() const {
  return std::any_of(stations.begin(), stations.end(),
                     [](const Station& station) { return station.is_usable(); });
}

int64_t device_bytes(const Search& search, const Cell& cell, int64_t stack, int64_t room) {
  const int64_t data = cell.model.gpu_data_bytes;
  const bool streams = room > 0 && data > room;
  const int64_t copies = streams ? 0 : share_data(search, cell.spec) ? 1 : stack;
  const train::ModelReport& model = cell.model;
  return stack * (model.variable_bytes + model.gpu_batch_bytes + model.scoring_bytes) +
         copies * data + kWorkspaceBytes;
}

Fleet make_fleet(const Search& search, const device::Budget& budget, int jobs,
                 const std::vector<device::Gpu>& gpus, std::optional<int> stack) {
  const int threads = search.threads(budget.core_count());
  const int most =
      std::min(stack.value_or(gpus.empty() ? 1 : kMostStacked), search.largest_stack());
  if (gpus.empty()) return cpu_fleet(search, budget, jobs, threads, most);
  Fleet fleet;
  fleet.threads = threads;
  const int driven = std::max(1, budget.core_count() / threads);
  const int trials = jobs < 0 ? driven : std::clamp(jobs, 1, driven);
  const auto there = static_cast<int>(gpus.size());
  const int workers = jobs < 0 ? there : std::clamp(jobs, 1, there);
  for (int i = 0; i < workers; ++i) {
    const device::Gpu& gpu = gpus[static_cast<size_t>(i)];
    Station station;
    station.placement.gpu = gpu;
    station.capacity = std::clamp(trials / workers, 1, kMostTrialsPerGpu);
    station.stack = most;
    station.memory_bytes = memory_for_trials(gpu);
    fleet.stations.push_back(std::move(station));
  }
  return fleet;
}

std::string describe(const Fleet& fleet) {
  const auto stacks = [](const Station& station) {
    return station.stack == 1 ? "" : fmt::format(", stacks of up to {}", station.stack);
  };
  if (!fleet.has_gpus()) {
    return fmt::format("cpu: {} workers x {} threads{}{}", fleet.stations.size(), fleet.threads,
                       stacks(fleet.stations.front()), fleet.limit);
  }
  std::vector<std::string> texts;
  for (const Station& station : fleet.stations) {
    if (!station.is_usable()) {
      texts.push_back(fmt::format("{}: lost, {}", station.placement.label(), station.loss));
      continue;
    }
    const std::string trials =
        station.capacity == 1 ? "one trial" : fmt::format("up to {} trials", station.capacity);
    texts.push_back(
        fmt::format("{}: {} at a time{}", station.placement.label(), trials, stacks(station)));
  }
  return fmt::format("{}", fmt::join(texts, "; "));
}

}  // namespace mlrun::trials
