// A recurrent cell over all steps in one launch: samples do not know of each other, so a block of
// threads takes a few of them from the first step to the last, with U in its shared memory.
#pragma once

#include "ops/block_product.h"
#include "ops/recurrent_device.h"

namespace mlrun::ops {

/// How many samples a block takes: as few as leave no processor without a block.
inline int samples_of_block(int64_t samples, int processors) {
  constexpr int kMost = 8;
  int rows = 1;
  while (rows < kMost && samples > int64_t{rows} * processors) rows *= 2;
  return rows;
}

MLRUN_KERNEL inline CellProduct result_of(const BlockProduct& product,
                                          const BlockThreads& threads) {
  return {{product.y(threads), 0}, product.width(), product.parts(), product.part_floats()};
}

template <int kRows>
struct ForwardBlock {
  CellForward first;  ///< step
  BlockProduct product;
  Stacked<float> last;  ///< state: (N, K)
  int64_t samples;
  int64_t steps;

  MLRUN_KERNEL void operator()(int64_t k, int64_t block, const BlockThreads& threads) const {
    const int64_t begin = block * kRows;
    const int64_t units = first.kind.units.divisor();
    const int64_t rows = samples - begin < kRows ? samples - begin : kRows;
    CellForward s = first;
    s.move(begin);
    s.carried = {product.x(threads), product.x_width()};
    product.load(k, threads);
    threads.sync();
    for (int64_t t = 0; t < steps; ++t) {
      if (t > 0) {
        product.multiply<kRows>(k, threads);
        threads.sync();
        s.inner = result_of(product, threads);
      }
      if (t + 1 == steps) s.next = {last.data + begin * units, last.stride};
      for (int64_t i = threads.thread(); i < rows * units; i += threads.size()) {
        s.step({s.kind, k, i});
      }
      threads.sync();
      s.advance(samples);
    }
  }
};

template <int kRows>
struct BackwardBlock {
  CellBackward last;  ///< step
  BlockProduct product;
  int64_t samples;
  int64_t steps;

  MLRUN_KERNEL void operator()(int64_t k, int64_t block, const BlockThreads& threads) const {
    const int64_t begin = block * kRows;
    const int64_t rows = samples - begin < kRows ? samples - begin : kRows;
    const int64_t count = rows * last.kind.units.divisor();
    CellBackward s = last;
    s.move(begin);
    s.carried = {product.x(threads), product.x_width()};
    product.load(k, threads);
    for (int64_t i = threads.thread(); i < count; i += threads.size()) s.start({s.kind, k, i});
    threads.sync();
    for (int64_t t = steps; t-- > 0;) {
      for (int64_t i = threads.thread(); i < count; i += threads.size()) s.step({s.kind, k, i});
      threads.sync();
      if (t == 0) return;
      product.multiply<kRows>(k, threads);
      threads.sync();
      s.dstate = result_of(product, threads);
      s.go_back(samples, t == 1);
    }
  }
};

}  // namespace mlrun::ops
