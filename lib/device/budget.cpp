#include "device/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string_view>

#include "device/cgroup.h"
#include "device/pin.h"
#include "device/topology.h"

namespace mlrun::device {
namespace {

std::string plural(int64_t count, const char* word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

// Lowers `count` and says how.
class CoreCount {
 public:
  CoreCount(int count, std::vector<std::string>& reasons) : count_(count), reasons_(reasons) {}

  int get() const { return count_; }

  void limit_by_quota(std::optional<double> quota) {
    if (!quota) return;
    // A quota that is not whole would stall one thread of each team again and again.
    const int whole = std::max(1, static_cast<int>(std::floor(*quota)));
    const std::string what = fmt::format("cgroup quota {:g} cores", *quota);
    reasons_.push_back(lower_to(whole) ? fmt::format("{} -> {}", what, count_)
                                       : what + " does not limit");
  }

  void limit_by_variable(const char* name, const char* text) {
    if (text == nullptr) return;
    const std::string what = fmt::format("{}={}", name, text);
    int value = 0;
    const std::string_view digits = text;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size() || value < 1) {
      reasons_.push_back(what + " is not a count: ignored");
    } else {
      reasons_.push_back(lower_to(value) ? fmt::format("{} -> {}", what, count_)
                                         : what + " does not limit");
    }
  }

 private:
  bool lower_to(int value) {
    if (value >= count_) return false;
    count_ = value;
    return true;
  }

  int count_;
  std::vector<std::string>& reasons_;
};

std::string gib(int64_t bytes) {
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / double(1 << 30));
}

std::optional<int64_t> available_memory(const BudgetSources& sources) {
  std::istringstream lines(read_small_file(sources.proc_root + "/meminfo"));
  for (std::string key; lines >> key;) {
    int64_t kibibytes = 0;
    if (key == "MemAvailable:" && lines >> kibibytes) return kibibytes << 10;
    std::getline(lines, key);
  }
  return std::nullopt;
}

void find_memory(const BudgetSources& sources, Budget& budget) {
  const auto available = available_memory(sources);
  const auto limit = cgroup_memory(sources);
  if (limit && (!available || *limit < *available)) {
    budget.memory_bytes = *limit;
    budget.reasons.push_back("cgroup memory limit " + gib(*limit));
  } else if (available) {
    budget.memory_bytes = *available;
    budget.reasons.push_back(gib(*available) + " of memory available");
  }
}

int find_count(const BudgetSources& sources, std::vector<std::string>& reasons) {
  const int mask = static_cast<int>(sources.affinity.size());
  reasons.push_back(plural(mask, "core") + " in the affinity mask");
  CoreCount count(mask, reasons);
  count.limit_by_quota(cgroup_cores(sources));
  for (const char* name : {"SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"}) {
    count.limit_by_variable(name, sources.getenv ? sources.getenv(name) : nullptr);
  }
  return count.get();
}

}  // namespace

BudgetSources BudgetSources::of_this_process() {
  BudgetSources sources;
  sources.affinity = affinity_of_this_thread();
  sources.getenv = [](const char* name) -> const char* { return std::getenv(name); };
  return sources;
}

std::vector<int> Budget::cpu_ids() const {
  std::vector<int> ids;
  for (const Core& core : cores) ids.push_back(core.cpu);
  return ids;
}

Budget find_budget(const BudgetSources& sources) {
  Budget budget;
  const int count = find_count(sources, budget.reasons);
  budget.cores = describe_cores(sources.sys_root, sources.affinity);
  budget.may_pin = count == budget.core_count();
  budget.cores.resize(static_cast<size_t>(count));
  find_memory(sources, budget);
  return budget;
}

}  // namespace mlrun::device
