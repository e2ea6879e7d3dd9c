// What code needs that is compiled both by nvcc, for a GPU, and by the host compiler, for its
// tests.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/tensor.h"

#if defined(__CUDACC__)
#define MLRUN_DEVICE __host__ __device__  // functions that the host may call too
#define MLRUN_KERNEL __device__           // others, and lambdas: [=] MLRUN_KERNEL(...) {}
#else
#define MLRUN_DEVICE
#define MLRUN_KERNEL
#endif

// Before a loop whose arrays are to lie in registers. The host compiler's half of nvcc's work does
// not know it.
#if defined(__CUDA_ARCH__)
#define MLRUN_UNROLL _Pragma("unroll")
#else
#define MLRUN_UNROLL
#endif

namespace mlrun::ops {

/// The data of a tensor in every copy of a stack: x(k) is that of copy k.
template <class T>
struct Stacked {
  T* data = nullptr;
  int64_t stride = 0;  ///< bytes

  MLRUN_DEVICE T* operator()(int64_t k) const {
    using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
    return reinterpret_cast<T*>(reinterpret_cast<Byte*>(data) + k * stride);
  }
};

template <class T>
Stacked<T> stacked(const Tensor& x) {
  return {static_cast<T*>(x.data), x.stride};
}

inline Stacked<const float> input(const Tensor& x) { return stacked<const float>(x); }
inline Stacked<float> output(const Tensor& x) { return stacked<float>(x); }

}  // namespace mlrun::ops
