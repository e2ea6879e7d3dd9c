#include "device/team.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/clock.h"
#include "base/error.h"
#include "device/pin.h"

namespace mlrun::device {
namespace {

constexpr double kSpinSeconds = 20e-6;
constexpr int kPausesPerLook = 32;  // a look at the clock costs about as much as one pause

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns once `done(value)`; sleeps after a short spin. Only the last change needs a notify.
template <class T, class Done>
T await(const std::atomic<T>& variable, bool spin, Done done) {
  T value = variable.load(std::memory_order_acquire);
  const double start = spin && !done(value) ? now_seconds() : 0;
  while (spin && !done(value) && now_seconds() - start < kSpinSeconds) {
    for (int i = 0; i < kPausesPerLook && !done(value); ++i) {
      pause();
      value = variable.load(std::memory_order_acquire);
    }
  }
  while (!done(value)) {
    variable.wait(value, std::memory_order_acquire);
    value = variable.load(std::memory_order_acquire);
  }
  return value;
}

void pin_if_asked(std::span<const int> cores, int index) {
  if (!cores.empty()) pin_this_thread(cores.subspan(static_cast<size_t>(index) % cores.size(), 1));
}

}  // namespace

ThreadTeam::ThreadTeam(int count, std::span<const int> cores)
    : errors_(static_cast<size_t>(std::max(1, count))) {
  may_spin_ = errors_.size() <= (cores.empty() ? affinity_of_this_thread().size() : cores.size());
  try {
    start_threads();
    // A first run, so that a thread that could not be pinned says so here.
    run([&](int index, int) { pin_if_asked(cores, index); });
  } catch (...) {
    stop_threads();
    throw;
  }
}

ThreadTeam::~ThreadTeam() { stop_threads(); }

void ThreadTeam::start_threads() {
  try {
    for (int index = 1; index < size(); ++index) {
      threads_.emplace_back([this, index] { serve(index); });
    }
  } catch (const std::system_error& error) {
    throw Error(fmt::format("start thread {} of {}: {}", threads_.size() + 2, size(),
                            error.code().message()));
  }
}

void ThreadTeam::stop_threads() {
  work_ = nullptr;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void ThreadTeam::run(Work work) {
  if (size() == 1) return work(0, 1);
  work_ = &work;
  busy_.store(size() - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  call(0);
  await(busy_, may_spin_, [](int busy) { return busy == 0; });
  rethrow_first();
}

void ThreadTeam::serve(int index) {
  for (uint32_t seen = 0;;) {
    seen = await(generation_, may_spin_, [&](uint32_t now) { return now != seen; });
    if (work_ == nullptr) return;
    call(index);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

void ThreadTeam::call(int index) noexcept {
  try {
    (*work_)(index, size());
  } catch (...) {
    errors_[static_cast<size_t>(index)] = std::current_exception();
  }
}

void ThreadTeam::rethrow_first() {
  std::exception_ptr first;
  for (std::exception_ptr& error : errors_) {
    if (error && !first) first = error;
    error = nullptr;
  }
  if (first) std::rethrow_exception(first);
}

void parallel_for(ThreadTeam& team, int64_t n, int64_t grain,
                  FunctionRef<void(int64_t begin, int64_t end)> f) {
  const int64_t parts = std::min<int64_t>(team.size(), n / std::max<int64_t>(grain, 1));
  if (parts <= 1) {
    if (n > 0) f(0, n);
    return;
  }
  team.run([&](int index, int) {
    if (index < parts) f(n * index / parts, n * (index + 1) / parts);
  });
}

}  // namespace mlrun::device
