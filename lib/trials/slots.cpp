#include "trials/slots.h"

#include <algorithm>

namespace mlrun::trials {
namespace {

int64_t bytes_of(const Search& search, const Pending& pending) {
  return device_bytes(search.cells[static_cast<size_t>(pending.trial.cell)]);
}

bool fits(const Search& search, const Slot& slot, const Pending& pending) {
  if (slot.running.empty()) return true;
  if (pending.alone) return false;
  int64_t bytes = bytes_of(search, pending);
  for (const auto& [trial, other] : slot.running) {
    if (other.pending.alone) return false;
    bytes += bytes_of(search, other.pending);
  }
  return slot.station->memory_bytes == 0 || bytes <= slot.station->memory_bytes;
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

}  // namespace

void Slot::add(const Pending& pending) {
  running[pending.trial.id] = {pending, false};
  if (running.size() == 1) return;
  for (auto& [trial, other] : running) other.had_company = true;
}

std::optional<Assignment> next_assignment(const Search& search, std::deque<Pending>& queue,
                                          const std::vector<Slot>& slots) {
  std::optional<Assignment> best;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!is_open(slots[i])) continue;
    if (best && slots[i].running.size() >= slots[best->slot].running.size()) continue;
    const bool is_only = !has_other(slots, i);
    const auto first = std::find_if(queue.begin(), queue.end(), [&](const Pending& pending) {
      return is_only || pending.avoid != static_cast<int>(i);
    });
    if (first != queue.end() && fits(search, slots[i], *first)) best = {i, first};
  }
  return best;
}

}  // namespace mlrun::trials
