#include "device/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <tuple>

#include "device/cgroup.h"

namespace mlrun::device {
namespace {

std::map<int, int> node_of_each_cpu(const std::string& sys_root) {
  std::map<int, int> nodes;
  std::error_code ignored;
  const std::string folder = sys_root + "/devices/system/node";
  for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
    int node = 0;
    if (std::sscanf(entry.path().filename().c_str(), "node%d", &node) != 1) continue;
    for (const int cpu : parse_cpu_list(read_small_file(entry.path() / "cpulist"))) {
      nodes[cpu] = node;
    }
  }
  return nodes;
}

std::vector<int> siblings_of(const std::string& sys_root, int cpu) {
  std::vector<int> siblings = parse_cpu_list(read_small_file(
      fmt::format("{}/devices/system/cpu/cpu{}/topology/thread_siblings_list", sys_root, cpu)));
  if (siblings.empty()) siblings.push_back(cpu);
  std::ranges::sort(siblings);
  return siblings;
}

// 0 for the first usable hyperthread of a physical core, 1 for the second.
int round_of(const Core& core, const std::vector<int>& usable) {
  const auto before = [&](int sibling) {
    return sibling < core.cpu && std::ranges::binary_search(usable, sibling);
  };
  return static_cast<int>(std::ranges::count_if(core.siblings, before));
}

}  // namespace

std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  std::istringstream parts{std::string(text)};
  for (std::string part; std::getline(parts, part, ',');) {
    int first = 0;
    int last = 0;
    const int read = std::sscanf(part.c_str(), "%d-%d", &first, &last);
    if (read < 1) continue;
    if (read == 1) last = first;
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::vector<Core> describe_cores(const std::string& sys_root, const std::vector<int>& cpus) {
  const std::map<int, int> nodes = node_of_each_cpu(sys_root);
  std::vector<Core> cores;
  for (const int cpu : cpus) {
    const auto node = nodes.find(cpu);
    cores.push_back({cpu, node == nodes.end() ? -1 : node->second, siblings_of(sys_root, cpu)});
  }
  const auto rank = [&](const Core& core) {
    return std::tuple(round_of(core, cpus), core.numa_node, core.cpu);
  };
  std::ranges::sort(cores, {}, rank);
  return cores;
}

}  // namespace mlrun::device
