#include "device/cuda_staging.h"

#include <algorithm>
#include <cstring>

namespace mlrun::device {
namespace {

constexpr int64_t kBufferBytes = int64_t{4} << 20;
constexpr int64_t kAlignment = 256;  // of each piece, which a transfer likes

}  // namespace

Staging::Staging(cudaStream_t stream) : stream_(stream) {
  for (Buffer& buffer : buffers_) {
    buffer.memory = make_pinned(static_cast<size_t>(kBufferBytes));
    buffer.free = make_event();
  }
}

void Staging::upload(std::byte* to, const std::byte* from, int64_t bytes) {
  while (bytes > 0) {
    if (buffers_[current_].used >= kBufferBytes) next_buffer();
    Buffer& buffer = buffers_[current_];
    const int64_t part = std::min(bytes, kBufferBytes - buffer.used);
    std::byte* pinned = buffer.memory.get() + buffer.used;
    std::memcpy(pinned, from, static_cast<size_t>(part));
    MLRUN_CUDA_CHECK(
        cudaMemcpyAsync(to, pinned, static_cast<size_t>(part), cudaMemcpyHostToDevice, stream_));
    buffer.used += (part + kAlignment - 1) / kAlignment * kAlignment;
    to += part;
    from += part;
    bytes -= part;
  }
}

void Staging::next_buffer() {
  MLRUN_CUDA_CHECK(cudaEventRecord(buffers_[current_].free.get(), stream_));
  current_ = 1 - current_;
  MLRUN_CUDA_CHECK(cudaEventSynchronize(buffers_[current_].free.get()));
  buffers_[current_].used = 0;
}

}  // namespace mlrun::device
