#include "device/pin.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/error.h"

namespace mlrun::device {
namespace {

// cpu_set_t ends at 1024 CPUs; large nodes do not.
class CpuSet {
 public:
  explicit CpuSet(int capacity) : capacity_(capacity), set_(CPU_ALLOC(capacity)) {
    CPU_ZERO_S(bytes(), set_.get());
  }

  size_t bytes() const { return CPU_ALLOC_SIZE(capacity_); }
  cpu_set_t* get() const { return set_.get(); }
  void add(int cpu) { CPU_SET_S(static_cast<size_t>(cpu), bytes(), get()); }
  bool has(int cpu) const { return CPU_ISSET_S(static_cast<size_t>(cpu), bytes(), get()); }

 private:
  struct Free {
    void operator()(cpu_set_t* set) const { CPU_FREE(set); }
  };
  int capacity_;
  std::unique_ptr<cpu_set_t, Free> set_;
};

}  // namespace

std::vector<int> affinity_of_this_thread() {
  for (int capacity = CPU_SETSIZE;; capacity *= 2) {
    const CpuSet set(capacity);
    // EINVAL: the kernel knows more CPUs than fit.
    if (::sched_getaffinity(0, set.bytes(), set.get()) != 0) {
      if (errno != EINVAL || capacity > (1 << 20)) throw_errno("read the affinity mask");
      continue;
    }
    std::vector<int> cpus;
    for (int cpu = 0; cpu < capacity; ++cpu) {
      if (set.has(cpu)) cpus.push_back(cpu);
    }
    return cpus;
  }
}

void pin_this_thread(std::span<const int> cpus) {
  const auto largest = std::ranges::max_element(cpus);
  CpuSet set(std::max(CPU_SETSIZE, largest == cpus.end() ? 0 : *largest + 1));
  for (const int cpu : cpus) set.add(cpu);
  if (::sched_setaffinity(0, set.bytes(), set.get()) != 0) {
    throw_errno(fmt::format("pin to cores {}", fmt::join(cpus, ",")));
  }
}

void pin_this_process(std::span<const int> cpus) { pin_this_thread(cpus); }

}  // namespace mlrun::device
