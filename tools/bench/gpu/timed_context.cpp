#include "timed_context.h"

#include <chrono>
#include <limits>

namespace mlrun::bench {
namespace {

constexpr std::chrono::milliseconds kLongest{500};

device::Event make_timed_event() {
  cudaEvent_t event = nullptr;
  MLRUN_CUDA_CHECK(cudaEventCreate(&event));
  return device::Event(event);
}

}  // namespace

void Gate::close(cudaStream_t stream) {
  {
    const std::lock_guard lock(mutex_);
    open_ = false;
  }
  MLRUN_CUDA_CHECK(cudaLaunchHostFunc(stream, hold, this));
}

void Gate::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void Gate::hold(void* pointer) {
  Gate& gate = *static_cast<Gate*>(pointer);
  std::unique_lock lock(gate.mutex_);
  const bool opened = gate.changed_.wait_for(lock, kLongest, [&] { return gate.open_; });
  gate.opened_by_itself_ = !opened;
}

TimedContext::TimedContext(int ordinal)
    : CudaContext(ordinal), begin_(make_timed_event()), end_(make_timed_event()) {}

void TimedContext::replay(std::unique_ptr<device::Recording>& recording,
                          device::FunctionRef<void()> launches) {
  if (!running_) {
    if (gated_) gate_.close(stream());
    MLRUN_CUDA_CHECK(cudaEventRecord(begin_.get(), stream()));
    running_ = true;
    steps_ = -1;  // the first launch puts what the epoch is told in its place
  }
  CudaContext::replay(recording, launches);
  ++steps_;
}

void TimedContext::download(void* to, const void* from, int64_t bytes) {
  const bool ends = running_;
  if (ends) {
    MLRUN_CUDA_CHECK(cudaEventRecord(end_.get(), stream()));
    if (gated_) gate_.open();
    running_ = false;
  }
  CudaContext::download(to, from, bytes);
  if (!ends) return;
  float milliseconds = 0;
  MLRUN_CUDA_CHECK(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()));
  seconds_ = gated_ && gate_.opened_by_itself() ? std::numeric_limits<double>::quiet_NaN()
                                                : 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace mlrun::bench
