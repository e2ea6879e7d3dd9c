#include "base/pending_file.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <string>

namespace mlrun {
namespace {

enum State { kFree, kTaken, kNamed };

struct Slot {
  std::atomic<int> state = kFree;
  char name[PATH_MAX] = {};
};
static_assert(std::atomic<int>::is_always_lock_free);

std::array<Slot, 8> slots;

size_t take_slot() {
  for (size_t i = 0; i < slots.size(); ++i) {
    int expected = kFree;
    if (slots[i].state.compare_exchange_strong(expected, kTaken)) return i;
  }
  return slots.size();
}

}  // namespace

PendingFile::PendingFile(const std::filesystem::path& path) : slot_(take_slot()) {
  const std::string name = std::filesystem::absolute(path).string();
  if (slot_ == slots.size() || name.size() >= PATH_MAX) return;
  name.copy(slots[slot_].name, name.size());
  slots[slot_].name[name.size()] = '\0';
  slots[slot_].state = kNamed;
}

PendingFile::~PendingFile() {
  if (slot_ < slots.size()) slots[slot_].state = kFree;
}

void remove_pending_files() {
  for (Slot& slot : slots) {
    if (slot.state == kNamed) ::unlink(slot.name);
  }
}

}  // namespace mlrun
