// Recorded work, by its size.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "device/context.h"

namespace mlrun::device {

/// What Context::replay() records of one piece of work that comes in a few sizes: full batches and
/// the last, shorter ones. Of more sizes the oldest is forgotten. Does not allocate.
class Recordings {
 public:
  /// Null where this size is new. `key` >= 0.
  std::unique_ptr<Recording>& of(int64_t key) {
    for (Entry& entry : entries_) {
      if (entry.key == key) return entry.recording;
    }
    Entry& oldest = entries_[next_++ % entries_.size()];
    oldest.recording.reset();
    oldest.key = key;
    return oldest.recording;
  }

  /// The work is another one from now on.
  void clear() { entries_ = {}; }

 private:
  struct Entry {
    int64_t key = -1;
    std::unique_ptr<Recording> recording;
  };
  std::array<Entry, 8> entries_;
  size_t next_ = 0;
};

}  // namespace mlrun::device
