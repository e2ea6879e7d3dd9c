#include "device/budget.h"

#include <doctest/doctest.h>

#include <fstream>
#include <map>

#include "device/pin.h"
#include "scratch_folder.h"

using namespace mlrun::device;

namespace {

// A made-up machine: files below a scratch folder, variables in a map.
class Machine {
 public:
  explicit Machine(int cores) {
    sources_.proc_root = (folder_ / "proc").string();
    sources_.cgroup_root = (folder_ / "cgroup").string();
    sources_.sys_root = (folder_ / "sys").string();
    for (int cpu = 0; cpu < cores; ++cpu) sources_.affinity.push_back(cpu);
    sources_.getenv = [this](const char* name) -> const char* {
      const auto found = variables_.find(name);
      return found == variables_.end() ? nullptr : found->second.c_str();
    };
  }

  void file(const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  void variable(const std::string& name, const std::string& value) { variables_[name] = value; }
  Budget budget() const { return find_budget(sources_); }

 private:
  ScratchFolder folder_;
  BudgetSources sources_;
  std::map<std::string, std::string> variables_;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("budget: nothing but the mask") {
  const Budget budget = Machine(3).budget();
  CHECK(budget.cpu_ids() == std::vector<int>{0, 1, 2});
  CHECK(budget.reasons == Lines{"3 cores in the affinity mask"});
  CHECK(budget.may_pin);
  CHECK(budget.memory_bytes == 0);
  CHECK(budget.cores[1].numa_node == -1);
  CHECK(budget.cores[1].siblings == std::vector<int>{1});
}

TEST_CASE("budget: the tightest cgroup v2 quota on the way up holds, rounded down") {
  Machine machine(8);
  machine.file("proc/self/cgroup", "0::/job/step\n");
  machine.file("cgroup/job/step/cpu.max", "max 100000\n");
  machine.file("cgroup/job/cpu.max", "350000 100000\n");
  machine.file("cgroup/cpu.max", "600000 100000\n");
  const Budget budget = machine.budget();
  CHECK(budget.core_count() == 3);
  CHECK(budget.reasons == Lines{"8 cores in the affinity mask", "cgroup quota 3.5 cores -> 3"});
  CHECK_FALSE(budget.may_pin);
}

TEST_CASE("budget: a quota below one core leaves one") {
  Machine machine(4);
  machine.file("proc/self/cgroup", "0::/\n");
  machine.file("cgroup/cpu.max", "50000 100000\n");
  CHECK(machine.budget().core_count() == 1);
  CHECK(machine.budget().reasons.back() == "cgroup quota 0.5 cores -> 1");
}

TEST_CASE("budget: cgroup v1, and a path of the host that is not visible inside a container") {
  Machine machine(8);
  machine.file("proc/self/cgroup", "5:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n0::/\n");
  machine.file("cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  machine.file("cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  machine.file("cgroup/memory/memory.limit_in_bytes", "2147483648\n");
  machine.file("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    8388608 kB\n");
  const Budget budget = machine.budget();
  CHECK(budget.memory_bytes == 2147483648);
  CHECK(budget.reasons == Lines{"8 cores in the affinity mask", "cgroup quota 2 cores -> 2",
                                "cgroup memory limit 2.0 GiB"});
}

TEST_CASE("budget: no limit is no limit") {
  Machine machine(2);
  machine.file("proc/self/cgroup", "3:cpu:/\n4:memory:/\n0::/\n");
  machine.file("cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  machine.file("cgroup/cpu/cpu.cfs_period_us", "100000\n");
  machine.file("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  machine.file("cgroup/memory.max", "max\n");
  machine.file("proc/meminfo", "MemAvailable:    1048576 kB\n");
  const Budget budget = machine.budget();
  CHECK(budget.memory_bytes == 1 << 30);
  CHECK(budget.may_pin);
  CHECK(budget.reasons == Lines{"2 cores in the affinity mask", "1.0 GiB of memory available"});
}

TEST_CASE("budget: Slurm") {
  Machine machine(4);
  machine.variable("SLURM_CPUS_PER_TASK", "8");
  machine.variable("SLURM_CPUS_ON_NODE", "2");
  const Budget budget = machine.budget();
  CHECK(budget.core_count() == 2);
  CHECK_FALSE(budget.may_pin);
  CHECK(budget.reasons == Lines{"4 cores in the affinity mask",
                                "SLURM_CPUS_PER_TASK=8 does not limit",
                                "SLURM_CPUS_ON_NODE=2 -> 2"});
  for (const char* wrong : {"", "0", "-3", "many", "2x"}) {
    machine.variable("SLURM_CPUS_ON_NODE", wrong);
    CHECK(machine.budget().core_count() == 4);
    CHECK(machine.budget().reasons.back() ==
          std::string("SLURM_CPUS_ON_NODE=") + wrong + " is not a count: ignored");
  }
}

TEST_CASE("budget: physical cores come first, node by node") {
  Machine machine(8);  // two nodes; CPU i and i + 4 share a core
  machine.file("sys/devices/system/node/node0/cpulist", "0-1,4-5\n");
  machine.file("sys/devices/system/node/node1/cpulist", "2-3,6-7\n");
  for (int cpu = 0; cpu < 8; ++cpu) {
    const std::string id = std::to_string(cpu);
    const std::string pair = std::to_string(cpu % 4) + "," + std::to_string(cpu % 4 + 4);
    machine.file("sys/devices/system/cpu/cpu" + id + "/topology/thread_siblings_list", pair);
  }
  machine.variable("SLURM_CPUS_PER_TASK", "6");
  const Budget budget = machine.budget();
  CHECK(budget.cpu_ids() == std::vector<int>{0, 1, 2, 3, 4, 5});
  CHECK(budget.cores[3].numa_node == 1);
  CHECK(budget.cores[4].siblings == std::vector<int>{0, 4});
}

TEST_CASE("budget: this machine has one") {
  const Budget budget = find_budget();
  CHECK(budget.core_count() >= 1);
  CHECK(budget.core_count() <= static_cast<int>(affinity_of_this_thread().size()));
  CHECK(budget.memory_bytes > 0);
}
