// What a kernel needs besides its operands. Passed, never global: that is what makes fan-out safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>

#include "device/function_ref.h"

namespace mlrun::device {

class Context;

/// Gives memory back to the context it came from, which must still be there.
struct Release {
  Context* context = nullptr;
  void operator()(std::byte* memory) const;
};

/// Memory that kernels work on; of a GPU the host must not touch it.
using Memory = std::unique_ptr<std::byte[], Release>;

/// Work that a context has recorded, to be started again as a whole.
class Recording {
 public:
  virtual ~Recording() = default;
};

/// Base of each backend's context; a backend's kernels know the derived class. Belongs to one
/// trial; what is asked of it happens in that order.
class Context {
 public:
  virtual ~Context() = default;

  /// Whether the host may read and write this memory between two runs: then nothing need be copied.
  virtual bool memory_is_hosts() const { return false; }

  /// Zero-filled, at a multiple of 256 bytes. Throws std::bad_alloc.
  virtual Memory allocate(int64_t bytes) = 0;

  /// What allocate() may still give in all; others may take it first. No limit known: the largest
  /// number.
  virtual int64_t free_bytes() const { return std::numeric_limits<int64_t>::max(); }

  /// From the host. `from` may be changed as soon as the call returns.
  virtual void upload(void* to, const void* from, int64_t bytes) = 0;

  /// To the host, when all that was asked before is done.
  virtual void download(void* to, const void* from, int64_t bytes) = 0;

  /// Runs `launches`, which only calls kernels, always the same ones on the same memory. A context
  /// that can records them in `recording` (null at first) and starts that the next time.
  virtual void replay(std::unique_ptr<Recording>& recording, FunctionRef<void()> launches) = 0;

 private:
  friend struct Release;
  virtual void release(std::byte* memory) = 0;
};

inline void Release::operator()(std::byte* memory) const { context->release(memory); }

}  // namespace mlrun::device
