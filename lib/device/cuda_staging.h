// Uploads that do not wait: through pinned memory.
#pragma once

#include <array>
#include <cstdint>

#include "device/cuda_handles.h"

namespace mlrun::device {

/// Two pinned buffers that are filled in turn. What was copied into one is safe there until its
/// transfer is over; only who comes back to a buffer that is still on its way has to wait.
class Staging {
 public:
  explicit Staging(cudaStream_t stream);

  /// The host's bytes may be changed as soon as this returns.
  void upload(std::byte* to, const std::byte* from, int64_t bytes);

 private:
  struct Buffer {
    PinnedMemory memory;
    Event free;  ///< when the transfers from it are over
    int64_t used = 0;
  };

  void next_buffer();

  cudaStream_t stream_;
  std::array<Buffer, 2> buffers_;
  size_t current_ = 0;
};

}  // namespace mlrun::device
