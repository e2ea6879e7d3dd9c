// ops/kernel/launch.h as loops of the host. Column sums are added up in the order of the GPU; rows
// have fewer lanes than there.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "emulation/context.h"
#include "emulation/lanes.h"
#include "graph/op.h"
#include "ops/kernel/column_sums.h"

namespace mlrun::ops {

inline emulation::EmulatedContext& context_of(const graph::KernelCall& call) {
  return static_cast<emulation::EmulatedContext&>(call.context);
}

template <class F>
void for_each_element(const graph::KernelCall& call, int64_t n, F f) {
  if (n <= 0) return;
  context_of(call).launch([=, stack = call.stack] {
    for (int64_t k = 0; k < stack; ++k) {
      for (int64_t i = 0; i < n; ++i) f(k, i);
    }
  });
}

inline device::BlockLimits block_limits(const graph::KernelCall& call) {
  return context_of(call).block_limits();
}

template <class F>
void for_each_block(const graph::KernelCall& call, int64_t blocks, int64_t /*threads*/,
                    int64_t floats, F f) {
  const int size = emulation::emulated_lanes(BlockThreads::kMost);
  emulation::LaneGroup& group = context_of(call).lanes();
  for_each_element(call, blocks, [=, &group](int64_t k, int64_t block) {
    emulation::SharedMemory shared(floats);
    group.run(size, [&](int thread) { f(k, block, BlockThreads(group, thread, size, shared)); });
  });
}

template <class F>
void for_each_row(const graph::KernelCall& call, int64_t rows, int64_t width, F f) {
  const int size = emulation::emulated_lanes(width);
  emulation::LaneGroup& group = context_of(call).lanes();
  for_each_element(call, rows, [=, &group](int64_t k, int64_t row) {
    group.run(size, [&](int lane) { f(k, row, Lanes(group, lane, size)); });
  });
}

template <class V, class Value>
V sum_of_chunk(const ColumnSums& s, int64_t k, int64_t chunk, int64_t column, Value value) {
  std::vector<V> sums(static_cast<size_t>(s.lanes));
  const int64_t end = std::min(s.rows, (chunk + 1) * s.chunk);
  for (int64_t lane = 0; lane < s.lanes; ++lane) {
    V& sum = sums[static_cast<size_t>(lane)];
    for (int64_t row = chunk * s.chunk + lane; row < end; row += s.lanes) {
      sum = sum + value(k, row, column);
    }
  }
  for (size_t half = sums.size() / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; ++lane) sums[lane] = sums[lane] + sums[lane + half];
  }
  return sums[0];
}

template <class V, class Value, class Finish>
void reduce_columns(const graph::KernelCall& call, int64_t rows, int64_t columns, Value value,
                    Finish finish) {
  const ColumnSums s(rows, columns, sizeof(V));
  for_each_element(call, columns, [=](int64_t k, int64_t column) {
    const auto of_chunk = [&](int64_t copy, int64_t chunk, int64_t at) {
      return sum_of_chunk<V>(s, copy, chunk, at, value);
    };
    finish(k, column,
           s.chunks == 1 ? of_chunk(k, 0, column)
                         : sum_of_chunk<V>(s.of_chunks(), k, 0, column, of_chunk));
  });
}

}  // namespace mlrun::ops
