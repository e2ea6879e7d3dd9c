#include "trials/slots.h"

#include <algorithm>

#include "base/divide.h"
#include "base/error.h"

namespace mlrun::trials {
namespace {

using Queue = std::deque<Pending>;

// Whether a stack of so many, all of them like `pending`, may run beside what runs.
bool fits(const Search& search, const Slot& slot, const Pending& pending, int64_t stack) {
  if (slot.running.empty() && stack == 1) return true;
  if (!slot.running.empty() && pending.alone) return false;
  const int64_t room = slot.station->memory_bytes;
  const auto bytes_of = [&](const Pending& one, size_t count) {
    const Cell& cell = search.cells[static_cast<size_t>(one.trial.cell)];
    return device_bytes(search, cell, static_cast<int64_t>(count), room);
  };
  int64_t bytes = bytes_of(pending, static_cast<size_t>(stack));
  for (const Slot::Running& other : slot.running) {
    if (other.trials[0].alone) return false;
    bytes += bytes_of(other.trials[0], other.trials.size());
  }
  return room == 0 || bytes <= room;
}

bool is_open(const Slot& slot) {
  return slot.station->is_usable() &&
         static_cast<int>(slot.running.size()) < slot.station->capacity;
}

bool has_other(const std::vector<Slot>& slots, size_t index) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (i != index && slots[i].station->is_usable()) return true;
  }
  return false;
}

// Those that wait for something to do; at least the one that is given something now.
int64_t count_idle(const std::vector<Slot>& slots) {
  const auto idle = std::count_if(slots.begin(), slots.end(), [](const Slot& slot) {
    return slot.station->is_usable() && slot.running.empty();
  });
  return std::max<int64_t>(idle, 1);
}

// How many from `first` on, itself included, could be one stack; counted up to `most`.
int64_t count_stackable(const Queue& queue, Queue::const_iterator first, int64_t most) {
  if (first->alone || first->shape == kNoShape) return 1;
  const auto other = std::find_if(first, queue.end(), [&](const Pending& pending) {
    return --most < 0 || pending.alone || pending.shape != first->shape ||
           pending.avoid != first->avoid;
  });
  return other - first;
}

std::vector<Pending> take_stack(const Search& search, Queue& queue, Queue::iterator first,
                                const std::vector<Slot>& slots, const Slot& slot) {
  const int64_t idle = count_idle(slots);
  const int64_t most = slot.station->stack;
  const int64_t share = divide_up(count_stackable(queue, first, most * idle), idle);
  int64_t count = 1;
  while (count < std::min(most, share) && fits(search, slot, *first, count + 1)) ++count;
  std::vector<Pending> taken(first, first + count);
  queue.erase(first, first + count);
  return taken;
}

}  // namespace

void Slot::add(std::vector<Pending> trials) {
  const auto count = static_cast<int>(trials.size());
  running.push_back({std::move(trials), count, false});
  if (running.size() == 1) return;
  for (Running& other : running) other.had_company = true;
}

std::list<Slot::Running>::iterator Slot::find(int32_t trial) {
  const auto found = std::find_if(running.begin(), running.end(), [&](const Running& one) {
    return std::any_of(one.trials.begin(), one.trials.end(),
                       [&](const Pending& pending) { return pending.trial.id == trial; });
  });
  if (found == running.end()) throw Error("a worker answered for a trial that it was not given");
  return found;
}

std::optional<Assignment> next_assignment(const Search& search, Queue& queue,
                                          const std::vector<Slot>& slots) {
  std::optional<size_t> best;
  Queue::iterator next;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!is_open(slots[i])) continue;
    if (best && slots[i].running.size() >= slots[*best].running.size()) continue;
    const bool is_only = !has_other(slots, i);
    const auto first = std::find_if(queue.begin(), queue.end(), [&](const Pending& pending) {
      return is_only || pending.avoid != static_cast<int>(i);
    });
    if (first == queue.end() || !fits(search, slots[i], *first, 1)) continue;
    best = i;
    next = first;
  }
  if (!best) return std::nullopt;
  return Assignment{*best, take_stack(search, queue, next, slots, slots[*best])};
}

}  // namespace mlrun::trials
