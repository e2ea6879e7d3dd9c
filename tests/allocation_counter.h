// Counts heap allocations of the whole process, all threads.
#pragma once

#include <cstdint>

namespace mlrun::testing {

/// While one exists, every malloc, calloc, realloc, aligned_alloc and posix_memalign (and so every
/// operator new) is counted. One at a time.
class AllocationCounter {
 public:
  AllocationCounter();
  AllocationCounter(const AllocationCounter&) = delete;
  AllocationCounter& operator=(const AllocationCounter&) = delete;
  ~AllocationCounter();

  int64_t count() const;

  /// False under the sanitizers, which bring an allocator of their own.
  static bool available();
};

}  // namespace mlrun::testing
