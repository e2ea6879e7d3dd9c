#include "scale/axis.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace mlrun::scale {
namespace {

constexpr int kMostByDefault = 16;  // of what has no limit

Strategy strategy_of(std::string_view name) {
  for (const Strategy strategy : {Strategy::kWorkers, Strategy::kThreads, Strategy::kGpus,
                                  Strategy::kStreams, Strategy::kStack}) {
    if (to_string(strategy) == name) return strategy;
  }
  throw InputError(fmt::format("--over '{}' is nothing to measure", name));
}

// None of streams and stacks, which may be as many as memory allows.
std::optional<int> limit_of(Strategy strategy, const Limits& limits) {
  switch (strategy) {
    case Strategy::kWorkers:
    case Strategy::kThreads:
      return limits.cores;
    case Strategy::kGpus:
      return limits.gpus;
    case Strategy::kStreams:
    case Strategy::kStack:
      return std::nullopt;
  }
  return std::nullopt;
}

bool needs_gpu(Strategy strategy) {
  return strategy == Strategy::kGpus || strategy == Strategy::kStreams;
}

}  // namespace

Axis make_axis(std::string_view name, std::vector<int> counts, const Limits& limits) {
  const Strategy strategy = strategy_of(name);
  if (needs_gpu(strategy) && limits.gpus == 0) {
    throw InputError(fmt::format("--over {} needs GPUs: name them with --gpus", name));
  }
  const std::optional<int> limit = limit_of(strategy, limits);
  if (counts.empty()) {
    const int most = limit.value_or(kMostByDefault);
    for (int count = 1; count < most; count *= 2) counts.push_back(count);
    counts.push_back(most);
  }
  counts.push_back(1);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  if (limit && counts.back() > *limit) {
    throw InputError(fmt::format("--over {}: {} exceed the {} {}", name, counts.back(), *limit,
                                 needs_gpu(strategy) ? "GPUs of --gpus" : "cores of the budget"));
  }
  return {strategy, std::move(counts)};
}

}  // namespace mlrun::scale
