// Owners of what CUDA and cuBLAS hand out.
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>

#include "device/cuda_check.h"

namespace mlrun::device {

/// To be held by who captures, and by who allocates, frees or loads kernels: what makes the driver
/// wait for the whole GPU breaks the captures of other threads. One thread may take it repeatedly.
[[nodiscard]] std::unique_lock<std::recursive_mutex> lock_driver();

/// Calls a function of C as the deleter of a unique_ptr.
template <auto destroy>
struct Destroy {
  template <class T>
  void operator()(T* handle) const {
    const auto lock = lock_driver();
    destroy(handle);
  }
};

template <class Handle, auto destroy>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, Destroy<destroy>>;

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using CapturedGraph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using CublasLt = Owned<cublasLtHandle_t, cublasLtDestroy>;
using PinnedMemory = Owned<std::byte*, cudaFreeHost>;
using DeviceMemory = Owned<std::byte*, cudaFree>;

Stream make_stream();
Event make_event();  ///< without times
PinnedMemory make_pinned(size_t bytes);
DeviceMemory make_device_memory(size_t bytes);

}  // namespace mlrun::device
