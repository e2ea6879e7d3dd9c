#include "device/cgroup.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <vector>

namespace mlrun::device {
namespace {

// A controller's place: the folder it is mounted at and the process's path below it.
struct Hierarchy {
  std::string mount;
  std::string path;
  bool unified = false;
};

bool lists(const std::string& controllers, const std::string& name) {
  return ("," + controllers + ",").find("," + name + ",") != std::string::npos;
}

// Lines of /proc/self/cgroup: "4:cpu,cpuacct:/path" (version 1), "0::/path" (version 2).
std::vector<Hierarchy> hierarchies_of(const BudgetSources& sources, const std::string& controller) {
  std::vector<Hierarchy> found;
  std::istringstream lines(read_small_file(sources.proc_root + "/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      found.push_back({sources.cgroup_root, path, true});
      found.push_back({sources.cgroup_root + "/unified", path, true});  // both versions mounted
    } else if (lists(controllers, controller)) {
      found.push_back({sources.cgroup_root + "/" + controllers, path, false});
      if (controllers != controller) {
        found.push_back({sources.cgroup_root + "/" + controller, path, false});
      }
    }
  }
  return found;
}

// The process's folder and all above it. Inside a container the path may be one of the host that
// does not exist here; its upper levels, at the latest the mount itself, then do.
std::vector<std::string> levels(const Hierarchy& hierarchy) {
  std::vector<std::string> folders;
  std::string path = hierarchy.path;
  for (;;) {
    folders.push_back(hierarchy.mount + path);
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return folders;
    path.resize(slash);
  }
}

template <class Value>
void take_less(std::optional<Value>& least, std::optional<Value> value) {
  if (value && (!least || *value < *least)) least = value;
}

template <class Value, class Read>
std::optional<Value> tightest(const BudgetSources& sources, const std::string& controller,
                              Read read) {
  std::optional<Value> least;
  for (const Hierarchy& hierarchy : hierarchies_of(sources, controller)) {
    for (const std::string& folder : levels(hierarchy)) {
      take_less<Value>(least, read(folder, hierarchy.unified));
    }
  }
  return least;
}

std::optional<double> ratio(const std::string& quota, const std::string& period) {
  std::istringstream above(quota), below(period);
  double numerator = 0;
  double denominator = 0;
  if (!(above >> numerator) || !(below >> denominator)) return std::nullopt;  // "max", no file
  if (numerator <= 0 || denominator <= 0) return std::nullopt;                // -1: no limit
  return numerator / denominator;
}

std::optional<double> quota_of(const std::string& folder, bool unified) {
  if (!unified) {
    return ratio(read_small_file(folder + "/cpu.cfs_quota_us"),
                 read_small_file(folder + "/cpu.cfs_period_us"));
  }
  std::istringstream line(read_small_file(folder + "/cpu.max"));
  std::string quota, period;
  line >> quota >> period;
  return ratio(quota, period);
}

std::optional<int64_t> memory_of(const std::string& folder, bool unified) {
  std::istringstream line(
      read_small_file(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes")));
  int64_t bytes = 0;
  // Version 1 writes "no limit" as nearly 2^63.
  if (!(line >> bytes) || bytes >= int64_t{1} << 60) return std::nullopt;
  return bytes;
}

}  // namespace

std::string read_small_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<double> cgroup_cores(const BudgetSources& sources) {
  return tightest<double>(sources, "cpu", quota_of);
}

std::optional<int64_t> cgroup_memory(const BudgetSources& sources) {
  return tightest<int64_t>(sources, "memory", memory_of);
}

}  // namespace mlrun::device
