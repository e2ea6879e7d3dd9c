#include "device/cuda_context.h"

#include <algorithm>

namespace mlrun::device {
namespace {

class CudaRecording : public Recording {
 public:
  GraphExec graph;
};

Stream stream_of(int ordinal) {
  MLRUN_CUDA_CHECK(cudaSetDevice(ordinal));
  return make_stream();
}

// The capture ends in any case, or the stream could never be used again.
CapturedGraph capture(cudaStream_t stream, FunctionRef<void()> launches) {
  MLRUN_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeRelaxed));
  cudaGraph_t graph = nullptr;
  try {
    launches();
  } catch (...) {
    cudaStreamEndCapture(stream, &graph);
    CapturedGraph discarded(graph);
    throw;
  }
  MLRUN_CUDA_CHECK(cudaStreamEndCapture(stream, &graph));
  return CapturedGraph(graph);
}

GraphExec instantiate(const CapturedGraph& graph) {
  cudaGraphExec_t exec = nullptr;
  MLRUN_CUDA_CHECK(cudaGraphInstantiate(&exec, graph.get(), 0));
  return GraphExec(exec);
}

BlockLimits block_limits_of(int ordinal) {
  int bytes = 0;
  BlockLimits limits;
  MLRUN_CUDA_CHECK(
      cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, ordinal));
  MLRUN_CUDA_CHECK(
      cudaDeviceGetAttribute(&limits.processors, cudaDevAttrMultiProcessorCount, ordinal));
  limits.shared_floats = bytes / static_cast<int>(sizeof(float));
  return limits;
}

}  // namespace

std::unique_lock<std::recursive_mutex> lock_driver() {
  static std::recursive_mutex mutex;
  return std::unique_lock(mutex);
}

Stream make_stream() {
  cudaStream_t stream = nullptr;
  MLRUN_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

Event make_event() {
  cudaEvent_t event = nullptr;
  MLRUN_CUDA_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return Event(event);
}

PinnedMemory make_pinned(size_t bytes) {
  const auto lock = lock_driver();
  void* memory = nullptr;
  MLRUN_CUDA_CHECK(cudaMallocHost(&memory, bytes));
  return PinnedMemory(static_cast<std::byte*>(memory));
}

DeviceMemory make_device_memory(size_t bytes) {
  const auto lock = lock_driver();
  void* memory = nullptr;
  MLRUN_CUDA_CHECK(cudaMalloc(&memory, bytes));
  return DeviceMemory(static_cast<std::byte*>(memory));
}

CudaContext::CudaContext(int ordinal)
    : ordinal_(ordinal),
      block_limits_(block_limits_of(ordinal)),
      stream_(stream_of(ordinal)),
      staging_(stream_.get()),
      cudnn_(stream_.get()),
      scratch_(allocate(kScratchBytes)),
      library_workspace_(allocate(std::max(Cublas::kWorkspaceBytes, Cudnn::kWorkspaceBytes))) {}

// What is still running must not lose its memory.
CudaContext::~CudaContext() { cudaStreamSynchronize(stream_.get()); }

Memory CudaContext::allocate(int64_t bytes) {
  const auto lock = lock_driver();
  const auto size = static_cast<size_t>(std::max<int64_t>(bytes, 1));
  MLRUN_CUDA_CHECK(cudaSetDevice(ordinal_));
  void* address = nullptr;
  MLRUN_CUDA_CHECK(cudaMalloc(&address, size));
  Memory memory(static_cast<std::byte*>(address), {this});
  MLRUN_CUDA_CHECK(cudaMemsetAsync(address, 0, size, stream()));
  return memory;
}

int64_t CudaContext::free_bytes() const {
  const auto lock = lock_driver();
  size_t free = 0;
  size_t total = 0;
  MLRUN_CUDA_CHECK(cudaSetDevice(ordinal_));
  MLRUN_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return static_cast<int64_t>(free);
}

// cudaFree waits for what is running.
void CudaContext::release(std::byte* memory) {
  const auto lock = lock_driver();
  cudaFree(memory);
}

void CudaContext::upload(void* to, const void* from, int64_t bytes) {
  staging_.upload(static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
}

void CudaContext::download(void* to, const void* from, int64_t bytes) {
  if (bytes > 0) {
    MLRUN_CUDA_CHECK(
        cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), cudaMemcpyDeviceToHost, stream()));
  }
  MLRUN_CUDA_CHECK(cudaStreamSynchronize(stream()));
}

void CudaContext::replay(std::unique_ptr<Recording>& recording, FunctionRef<void()> launches) {
  if (!recording) {
    const auto lock = lock_driver();
    launches();
    recording = std::make_unique<CudaRecording>();
    return;
  }
  GraphExec& graph = static_cast<CudaRecording&>(*recording).graph;
  if (!graph) {
    const auto lock = lock_driver();
    graph = instantiate(capture(stream(), launches));
  }
  MLRUN_CUDA_CHECK(cudaGraphLaunch(graph.get(), stream()));
}

}  // namespace mlrun::device
