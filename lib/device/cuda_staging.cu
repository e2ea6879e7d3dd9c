#include "device/cuda_staging.h"

#include <algorithm>
#include <cstring>

namespace mlrun::device {
namespace {

constexpr int64_t kBufferBytes = int64_t{4} << 20;
constexpr int64_t kAlignment = 256;  // of each piece, which a transfer likes
// Less crosses over faster than two streams agree on it.
constexpr int64_t kWorthCrossing = int64_t{64} << 10;

}  // namespace

Staging::Staging(cudaStream_t stream)
    : stream_(stream), crossing_(make_stream()), arrived_(make_event()) {
  for (Buffer& buffer : buffers_) {
    buffer.host = make_pinned(static_cast<size_t>(kBufferBytes));
    buffer.twin = make_device_memory(static_cast<size_t>(kBufferBytes));
    buffer.free = make_event();
  }
}

void Staging::upload(std::byte* to, const std::byte* from, int64_t bytes) {
  while (bytes > 0) {
    if (buffers_[current_].used >= kBufferBytes) next_buffer();
    const int64_t part = std::min(bytes, kBufferBytes - buffers_[current_].used);
    upload_part(to, from, part);
    to += part;
    from += part;
    bytes -= part;
  }
}

void Staging::upload_part(std::byte* to, const std::byte* from, int64_t bytes) {
  Buffer& buffer = buffers_[current_];
  const auto size = static_cast<size_t>(bytes);
  std::byte* const host = buffer.host.get() + buffer.used;
  std::byte* const twin = buffer.twin.get() + buffer.used;
  buffer.used += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  std::memcpy(host, from, size);
  if (bytes < kWorthCrossing) {
    MLRUN_CUDA_CHECK(cudaMemcpyAsync(to, host, size, cudaMemcpyHostToDevice, stream_));
    return;
  }
  MLRUN_CUDA_CHECK(cudaMemcpyAsync(twin, host, size, cudaMemcpyHostToDevice, crossing_.get()));
  MLRUN_CUDA_CHECK(cudaEventRecord(arrived_.get(), crossing_.get()));
  MLRUN_CUDA_CHECK(cudaStreamWaitEvent(stream_, arrived_.get(), 0));
  MLRUN_CUDA_CHECK(cudaMemcpyAsync(to, twin, size, cudaMemcpyDeviceToDevice, stream_));
}

void Staging::next_buffer() {
  MLRUN_CUDA_CHECK(cudaEventRecord(buffers_[current_].free.get(), stream_));
  current_ = 1 - current_;
  MLRUN_CUDA_CHECK(cudaEventSynchronize(buffers_[current_].free.get()));
  buffers_[current_].used = 0;
}

}  // namespace mlrun::device
