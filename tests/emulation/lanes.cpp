#include "emulation/lanes.h"

#include <ucontext.h>

#include <vector>

#include "base/error.h"

namespace mlrun::emulation {
namespace {

constexpr size_t kStackBytes = 128 * 1024;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kLanes = 1;
#else
constexpr int kLanes = LaneGroup::kMost;
#endif

}  // namespace

struct LaneGroup::Fibers {
  struct Fiber {
    ucontext_t context{};
    std::vector<std::byte> stack = std::vector<std::byte>(kStackBytes);
    bool finished = false;
  };

  ucontext_t scheduler{};
  std::array<Fiber, kMost> fibers;
  const std::function<void(int)>* work = nullptr;
  int running = 0;

  static Fibers* current;  // makecontext() passes no pointers

  static void start() {
    Fibers& self = *current;
    const int lane = self.running;
    (*self.work)(lane);
    self.fibers[static_cast<size_t>(lane)].finished = true;
  }

  void make(int lane) {
    Fiber& fiber = fibers[static_cast<size_t>(lane)];
    fiber.finished = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = &scheduler;
    makecontext(&fiber.context, start, 0);
  }

  // Until the lane waits or ends.
  bool resume(int lane) {
    running = lane;
    current = this;
    Fiber& fiber = fibers[static_cast<size_t>(lane)];
    swapcontext(&scheduler, &fiber.context);
    return !fiber.finished;
  }

  void wait(int lane) { swapcontext(&fibers[static_cast<size_t>(lane)].context, &scheduler); }
};

LaneGroup::Fibers* LaneGroup::Fibers::current = nullptr;

LaneGroup::LaneGroup() : fibers_(std::make_unique<Fibers>()) {}
LaneGroup::~LaneGroup() = default;

void LaneGroup::run(int size, const std::function<void(int lane)>& lane) {
  size_ = size;
  turn_ = {};
  if (size == 1) return lane(0);
  fibers_->work = &lane;
  for (int i = 0; i < size; ++i) fibers_->make(i);
  for (int waiting = size; waiting > 0;) {
    waiting = 0;
    for (int i = 0; i < size; ++i) waiting += fibers_->resume(i) ? 1 : 0;
    if (waiting != 0 && waiting != size) throw Error("a lane ended while others wait for it");
  }
}

const std::array<const void*, LaneGroup::kMost>& LaneGroup::meet(int lane, const void* brought) {
  const auto i = static_cast<size_t>(lane);
  turn_[i] = 1 - turn_[i];
  auto& all = brought_[turn_[i]];
  all[i] = brought;
  if (size_ > 1) fibers_->wait(lane);
  return all;
}

int emulated_lanes(int64_t width) {
  int size = 1;
  while (size < kLanes && size < width) size *= 2;
  return size;
}

}  // namespace mlrun::emulation
