// ops/kernel/launch.h on a GPU. Every launch goes to the context's stream and is checked.
#pragma once

#include <algorithm>
#include <cmath>

#include "base/divide.h"
#include "device/cuda_context.h"
#include "ops/kernel/column_sums.h"

namespace mlrun::ops {

inline constexpr int kThreadsPerBlock = 256;
inline constexpr int64_t kMaxBlocks = 1 << 16;  // beyond, a thread takes more than one element
inline constexpr int kWarp = 32;

/// The threads that share a row: a power of two up to a warp, or a whole block.
class Lanes {
 public:
  __device__ Lanes(int size, double* scratch) : size_(size), scratch_(scratch) {}

  __device__ int size() const { return size_; }
  __device__ int lane() const { return static_cast<int>(threadIdx.x) & (size_ - 1); }

  /// Of all lanes, in all lanes: the same bits in each.
  template <class T>
  __device__ T sum(T x) const {
    return combine(x, [](T a, T b) { return a + b; });
  }
  __device__ float max(float x) const {
    return combine(x, [](float a, float b) { return fmaxf(a, b); });
  }

  /// What any lane wrote before, all lanes can read behind it.
  __device__ void sync() const { size_ <= kWarp ? __syncwarp(mask()) : __syncthreads(); }

 private:
  __device__ unsigned mask() const {
    if (size_ >= kWarp) return 0xffffffffu;
    return ((1u << size_) - 1) << ((threadIdx.x % kWarp) & ~static_cast<unsigned>(size_ - 1));
  }

  template <class T, class Combine>
  __device__ T combine(T x, Combine f) const {
    const int width = size_ < kWarp ? size_ : kWarp;
    for (int offset = width / 2; offset > 0; offset /= 2) {
      x = f(x, __shfl_xor_sync(mask(), x, offset));
    }
    if (size_ <= kWarp) return x;
    T* const of_warps = reinterpret_cast<T*>(scratch_);
    __syncthreads();  // of the use before
    if (threadIdx.x % kWarp == 0) of_warps[threadIdx.x / kWarp] = x;
    __syncthreads();
    x = of_warps[0];
    for (int warp = 1; warp < size_ / kWarp; ++warp) x = f(x, of_warps[warp]);
    return x;
  }

  int size_;
  double* scratch_;
};

/// A block of threads with memory that they share, aligned to 16 bytes.
class BlockThreads {
 public:
  __device__ explicit BlockThreads(float* shared) : shared_(shared) {}

  static constexpr int kMost = 512;  // then each has up to 128 registers

  __device__ int size() const { return static_cast<int>(blockDim.x); }
  __device__ int thread() const { return static_cast<int>(threadIdx.x); }
  __device__ float* shared() const { return shared_; }

  /// What any thread wrote before, all threads can read behind it.
  __device__ void sync() const { __syncthreads(); }

 private:
  float* shared_;
};

inline device::CudaContext& context_of(const graph::KernelCall& call) {
  return static_cast<device::CudaContext&>(call.context);
}

namespace launch_detail {

template <class F>
__global__ void elements(int64_t n, F f) {
  const int64_t step = int64_t{gridDim.x} * blockDim.x;
  for (int64_t i = int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += step) {
    f(static_cast<int64_t>(blockIdx.y), i);
  }
}

template <class F>
__global__ void rows(int64_t count, int size, F f) {
  __shared__ double scratch[kThreadsPerBlock / kWarp];
  const int64_t groups = blockDim.x / size;
  const Lanes lanes(size, scratch);
  for (int64_t row = blockIdx.x * groups + threadIdx.x / size; row < count;
       row += gridDim.x * groups) {
    f(static_cast<int64_t>(blockIdx.y), row, lanes);
  }
}

// Sums of one chunk for a tile of columns: threads side by side take columns side by side.
template <class V, class Value, class Finish>
__global__ void columns(ColumnSums s, int64_t first_copy, Value value, Finish finish) {
  __shared__ V sums[ColumnSums::kThreads];
  const int64_t k = first_copy + blockIdx.z;
  const int64_t column = int64_t{blockIdx.x} * s.tile + threadIdx.x % s.tile;
  const int lane = threadIdx.x / s.tile;
  const int64_t end = min(s.rows, (int64_t{blockIdx.y} + 1) * s.chunk);
  V sum{};
  if (column < s.columns) {
    for (int64_t row = blockIdx.y * s.chunk + lane; row < end; row += s.lanes) {
      sum = sum + value(k, row, column);
    }
  }
  sums[threadIdx.x] = sum;
  for (int half = s.lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) sums[threadIdx.x] = sums[threadIdx.x] + sums[threadIdx.x + half * s.tile];
  }
  if (lane == 0 && column < s.columns) {
    finish(k, int64_t{blockIdx.y}, column, sums[threadIdx.x]);
  }
}

template <class V>
struct StorePartial {
  V* partial;
  int64_t first_copy, chunks, columns;
  __device__ void operator()(int64_t k, int64_t chunk, int64_t column, V sum) const {
    partial[((k - first_copy) * chunks + chunk) * columns + column] = sum;
  }
};

template <class Finish>
struct FinishAtOnce {
  Finish finish;
  template <class V>
  __device__ void operator()(int64_t k, int64_t, int64_t column, V sum) const {
    finish(k, column, sum);
  }
};

// The sums of the chunks, read as rows.
template <class V>
struct ReadPartial {
  const V* partial;
  int64_t first_copy, chunks, columns;
  __device__ V operator()(int64_t k, int64_t chunk, int64_t column) const {
    return partial[((k - first_copy) * chunks + chunk) * columns + column];
  }
};

template <class F>
__global__ void __launch_bounds__(BlockThreads::kMost, 1) blocks(F f) {
  extern __shared__ float4 shared[];
  f(static_cast<int64_t>(blockIdx.y), static_cast<int64_t>(blockIdx.x),
    BlockThreads(reinterpret_cast<float*>(shared)));
}

// A power of two up to a warp that leaves no lane without an element, or a block.
inline int lanes_for(int64_t width) {
  if (width > 1024) return kThreadsPerBlock;
  int size = 1;
  while (size < kWarp && size < width) size *= 2;
  return size;
}

inline unsigned blocks_for(int64_t n, int64_t per_block) {
  return static_cast<unsigned>(std::min((n + per_block - 1) / per_block, kMaxBlocks));
}

// Of copies [first, first + count) of a stack.
template <class V, class Value, class Finish>
void sum_columns(const graph::KernelCall& call, const ColumnSums& s, int64_t first, int64_t count,
                 Value value, Finish finish) {
  const dim3 grid(static_cast<unsigned>(s.tiles()), static_cast<unsigned>(s.chunks),
                  static_cast<unsigned>(count));
  columns<V><<<grid, ColumnSums::kThreads, 0, context_of(call).stream()>>>(s, first, value, finish);
  device::check_launch(call.op.name());
}

}  // namespace launch_detail

template <class F>
void for_each_element(const graph::KernelCall& call, int64_t n, F f) {
  if (n <= 0) return;
  const dim3 grid(launch_detail::blocks_for(n, kThreadsPerBlock),
                  static_cast<unsigned>(call.stack));
  launch_detail::elements<<<grid, kThreadsPerBlock, 0, context_of(call).stream()>>>(n, f);
  device::check_launch(call.op.name());
}

template <class F>
void for_each_row(const graph::KernelCall& call, int64_t rows, int64_t width, F f) {
  if (rows <= 0) return;
  const int size = launch_detail::lanes_for(width);
  const dim3 grid(launch_detail::blocks_for(rows, kThreadsPerBlock / size),
                  static_cast<unsigned>(call.stack));
  launch_detail::rows<<<grid, kThreadsPerBlock, 0, context_of(call).stream()>>>(rows, size, f);
  device::check_launch(call.op.name());
}

template <class V, class Value, class Finish>
void reduce_columns(const graph::KernelCall& call, int64_t rows, int64_t columns, Value value,
                    Finish finish) {
  namespace detail = launch_detail;
  if (columns <= 0) return;
  const ColumnSums s(rows, columns, sizeof(V));
  const detail::FinishAtOnce<Finish> finish_all{finish};
  if (s.chunks == 1) return detail::sum_columns<V>(call, s, 0, call.stack, value, finish_all);
  V* const partial = reinterpret_cast<V*>(context_of(call).scratch());
  const int64_t at_once = s.copies_at_once(sizeof(V));
  for (int64_t first = 0; first < call.stack; first += at_once) {
    const int64_t count = std::min(at_once, call.stack - first);
    detail::sum_columns<V>(call, s, first, count, value,
                           detail::StorePartial<V>{partial, first, s.chunks, columns});
    detail::sum_columns<V>(call, s.of_chunks(), first, count,
                           detail::ReadPartial<V>{partial, first, s.chunks, columns}, finish_all);
  }
}

inline device::BlockLimits block_limits(const graph::KernelCall& call) {
  return context_of(call).block_limits();
}

template <class F>
void for_each_block(const graph::KernelCall& call, int64_t blocks, int64_t threads, int64_t floats,
                    F f) {
  if (blocks <= 0) return;
  const auto bytes = static_cast<int>(floats * static_cast<int64_t>(sizeof(float)));
  // Beyond 48 KiB a kernel has to ask for it: for all there is, since what one launch asks for is
  // said of the function, and must not be taken from recorded launches of it.
  const int most = block_limits(call).shared_floats * static_cast<int>(sizeof(float));
  MLRUN_CUDA_CHECK(cudaFuncSetAttribute(launch_detail::blocks<F>,
                                        cudaFuncAttributeMaxDynamicSharedMemorySize, most));
  const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(call.stack));
  const auto size = std::min<int64_t>(round_up(threads, kWarp), BlockThreads::kMost);
  launch_detail::blocks<<<grid, static_cast<unsigned>(size), static_cast<size_t>(bytes),
                          context_of(call).stream()>>>(f);
  device::check_launch(call.op.name());
}

}  // namespace mlrun::ops
