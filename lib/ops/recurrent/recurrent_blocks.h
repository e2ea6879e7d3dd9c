// A recurrent cell over all steps in one launch: samples do not know of each other, so a block of
// threads takes a few of them from the first step to the last, with U in its registers and its
// shared memory. What a step reads beside is on its way while the product before is computed.
#pragma once

#include "ops/recurrent/block_product.h"
#include "ops/recurrent/recurrent_device.h"

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

/// A block's samples, and a step of their units. What the first unit of a thread reads is asked for
/// at once.
template <class Cell>
class StepOfBlock {
 public:
  MLRUN_KERNEL StepOfBlock(const Cell& cell, int64_t k, int64_t t, int64_t first_sample,
                           int64_t units, const BlockThreads& threads)
      : k_(k), t_(t), first_(first_sample), units_(units) {
    if (threads.thread() < units_) read_ = cell.read(unit(cell, threads.thread()));
  }

  MLRUN_KERNEL void run(const Cell& cell, const BlockThreads& threads) const {
    if (threads.thread() < units_) cell.step(unit(cell, threads.thread()), read_);
    for (int64_t i = threads.thread() + threads.size(); i < units_; i += threads.size()) {
      const CellUnit at = unit(cell, i);
      cell.step(at, cell.read(at));
    }
  }

 private:
  MLRUN_KERNEL CellUnit unit(const Cell& cell, int64_t i) const {
    return {cell.kind, k_, t_, i, first_};
  }

  int64_t k_, t_, first_, units_;
  typename Cell::Read read_;
};

/// Of a block of kRows samples, of which the last may have fewer.
template <int kRows>
MLRUN_KERNEL int64_t units_of_block(const CellKind& kind, int64_t first_sample) {
  const int64_t left = kind.samples - first_sample;
  return (left < kRows ? left : kRows) * kind.units.divisor();
}

template <int kRows>
struct ForwardBlock {
  CellForward cell;
  BlockProduct product;

  MLRUN_KERNEL void operator()(int64_t k, int64_t block, const BlockThreads& threads) const {
    const int64_t first = block * kRows;
    const int64_t units = units_of_block<kRows>(cell.kind, first);
    CellForward s = cell;
    s.carried = {product.x(threads), product.x_width()};
    const auto share = product.load<kRows>(k, threads);
    threads.sync();
    for (int64_t t = 0; t < s.kind.steps; ++t) {
      const StepOfBlock<CellForward> step(s, k, t, first, units, threads);
      if (t > 0) {
        product.multiply(k, threads, share);
        threads.sync();
        s.inner = result_of(product, threads);
      }
      step.run(s, threads);
      threads.sync();
    }
  }
};

template <int kRows>
struct BackwardBlock {
  CellBackward cell;
  BlockProduct product;

  MLRUN_KERNEL void operator()(int64_t k, int64_t block, const BlockThreads& threads) const {
    const int64_t first = block * kRows;
    const int64_t units = units_of_block<kRows>(cell.kind, first);
    CellBackward s = cell;
    s.carried = {product.x(threads), product.x_width()};
    const auto share = product.load<kRows>(k, threads);
    threads.sync();
    for (int64_t t = s.kind.steps; t-- > 0;) {
      const StepOfBlock<CellBackward> step(s, k, t, first, units, threads);
      if (t + 1 < s.kind.steps) {
        product.multiply(k, threads, share);
        threads.sync();
        s.dstate = result_of(product, threads);
      }
      step.run(s, threads);
      threads.sync();
    }
  }
};

}  // namespace mlrun::ops
