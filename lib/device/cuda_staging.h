// Uploads that neither wait nor make the kernels wait.
#pragma once

#include <array>
#include <cstdint>

#include "device/cuda_handles.h"

namespace mlrun::device {

/// Two buffers that are filled in turn, each pinned memory of the host with a twin on the GPU. What
/// is uploaded crosses over to the twin on a stream of its own, beside the kernels that were
/// launched before, and goes from there to its place in their order. The host waits only where it
/// comes back to a buffer that is still in use.
class Staging {
 public:
  explicit Staging(cudaStream_t stream);

  /// The host's bytes may be changed as soon as this returns.
  void upload(std::byte* to, const std::byte* from, int64_t bytes);

 private:
  struct Buffer {
    PinnedMemory host;
    DeviceMemory twin;
    Event free;  ///< when all has gone to its place
    int64_t used = 0;
  };

  void upload_part(std::byte* to, const std::byte* from, int64_t bytes);
  void next_buffer();

  cudaStream_t stream_;
  Stream crossing_;
  Event arrived_;
  std::array<Buffer, 2> buffers_;
  size_t current_ = 0;
};

}  // namespace mlrun::device
