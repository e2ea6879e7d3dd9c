// How the kernels of a GPU are launched. A kernel is a lambda, `[=] MLRUN_KERNEL (...) {}`, that
// captures plain values only. The same four functions exist for a GPU (launch_cuda.h) and, for
// tests on machines without one, as loops of the host (tests/emulation/launch.h).
//
//   for_each_element(call, n, f)             f(k, i) for every element i of every copy k of a stack
//   for_each_row(call, rows, width, f)       f(k, row, lanes): the lanes share the work of a row of
//                                            `width` elements, lane() takes lane(), lane() +
//                                            size()..
//   reduce_columns(call, rows, columns, value, finish)
//                                            finish(k, column, sum over the rows of
//                                            value(k, row, column))
//   for_each_block(call, blocks, threads, floats, f)
//                                            f(k, block, threads): a block of so many threads, or
//                                            BlockThreads::kMost, with so many floats of shared
//                                            memory, at most those of block_limits(); thread()
//                                            takes thread(), thread() + size()..
//
// All sums are in an order that depends on rows, columns and width alone: results are the same in
// every run, and the same in a stack as alone. For that reason there are no atomics here.
#pragma once

#include "graph/op.h"
#include "ops/kernel/device_code.h"

#if defined(__CUDACC__)
#include "ops/kernel/launch_cuda.h"
#else
#include "emulation/launch.h"
#endif

#include <cstddef>
#include <span>

#include "device/device_error.h"

namespace mlrun::ops {

/// Room for numbers that one kernel of an op passes to the next: values(k) has `count` of them for
/// copy k. It lies behind what reduce_columns() uses. Throws device::OutOfDeviceMemory if it is not
/// enough for so large a stack.
template <class T>
Stacked<T> scratch_values(const graph::KernelCall& call, int64_t count) {
  const auto bytes = count * static_cast<int64_t>(sizeof(T));
  std::byte* const begin = context_of(call).scratch() + ColumnSums::kScratchBytes;
  if (bytes * call.stack > ColumnSums::kScratchBytes) {
    throw device::OutOfDeviceMemory("a stack of this many does not fit into the scratch memory");
  }
  return {reinterpret_cast<T*>(begin), bytes};
}

/// Numbers of the host in the memory of the device; the same address at every call.
template <class T>
const T* constants(const graph::KernelCall& call, std::span<const T> numbers) {
  const std::byte* found = context_of(call).constants().of(call.context, std::as_bytes(numbers));
  return reinterpret_cast<const T*>(found);
}

/// KernelCall::varied on the device, of copy k from varied(k) on; null where nothing varies.
inline Stacked<const float> varied(const graph::KernelCall& call) {
  if (call.varied.empty()) return {};
  const auto bytes = static_cast<int64_t>(call.varied.size_bytes());
  return {constants(call, call.varied), bytes / call.stack};
}

}  // namespace mlrun::ops
