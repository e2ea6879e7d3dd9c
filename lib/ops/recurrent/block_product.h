// A product of a few rows with a matrix that is multiplied again and again, by one block of threads
// that keeps the matrix in its shared memory, or as much of it as fits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/divide.h"
#include "ops/kernel/device_floats.h"
#include "ops/kernel/launch.h"

namespace mlrun::ops {

/// W (inner, columns): element (i, c) is at i `stride` + c, or of a transposed one at c `stride` +
/// i.
struct BlockMatrix {
  Stacked<const float> data;
  int64_t inner = 0;
  int64_t columns = 0;
  int64_t stride = 0;
  bool transposed = false;
};

/// Of W, that a thread holds in registers.
MLRUN_DEVICE constexpr int squares_held(int rows) { return rows <= 2 ? 3 : 2; }

/// y = x W of x (rows, inner). A result is the sum of parts() numbers, each over a part of `inner`
/// in its order. Neither the rows of a block, nor where W lies changes a bit of it.
///
/// W is in squares of 4 x 4. A part of a column of squares belongs to one thread, which holds the
/// first of them in its registers; the next lie in shared memory, row by row, and what does not fit
/// is read anew for each product. Behind W, shared memory holds x, then the parts of y; all rows
/// are padded with zeros.
class BlockProduct {
 public:
  struct Square {
    Floats<kMostFloats> rows[kMostFloats];
  };

  /// What a thread computes, and what it holds of W. More rows have more sums in registers.
  template <int kRows>
  struct Share {
    static constexpr int kHeld = squares_held(kRows);

    int part = 0, quad = 0;
    int begin = 0, end = 0;  ///< of the part, in groups of four numbers of `inner`
    Square held[kHeld];
  };

  /// None if more of W would be read anew for each product than a product by a library costs.
  static std::optional<BlockProduct> plan(const BlockMatrix& w, int64_t rows,
                                          int64_t shared_floats) {
    BlockProduct p(w, static_cast<int>(rows));
    if (p.quads_ > kMostThreads) return std::nullopt;
    const int64_t beside = rows * (p.x_width() + p.parts_ * p.width());
    const int64_t room = std::max<int64_t>(shared_floats - beside, 0);
    const int64_t left = std::max<int64_t>(divide_up(p.groups_, p.parts_) - p.held_, 0);
    const int64_t layer = int64_t{p.parts_} * kMostFloats * p.width();  // a square of each share
    p.kept_ = static_cast<int>(std::min(left, room / layer));
    if (beside > shared_floats || (left - p.kept_) * layer > kMostReadAnew) return std::nullopt;
    return p;
  }

  /// Of a block: one for each share.
  int64_t threads() const { return int64_t{parts_} * quads_; }

  /// Of shared memory, in all.
  int64_t shared_floats() const { return kept_floats() + rows_ * (x_width() + parts_ * width()); }

  /// Floats from row to row of x, and of each part of y.
  MLRUN_DEVICE int x_width() const { return groups_ * kMostFloats; }
  MLRUN_DEVICE int width() const { return quads_ * kMostFloats; }

  MLRUN_DEVICE int parts() const { return parts_; }
  MLRUN_DEVICE int part_floats() const { return rows_ * width(); }

  MLRUN_KERNEL float* x(const BlockThreads& threads) const {
    return threads.shared() + kept_floats();
  }
  MLRUN_KERNEL float* y(const BlockThreads& threads) const {
    return x(threads) + rows_ * x_width();
  }

  /// W of copy k into shared memory, and zeros into x; the thread's share. Before the first
  /// product, with a sync behind. kRows: those of the plan.
  template <int kRows>
  MLRUN_KERNEL Share<kRows> load(int64_t k, const BlockThreads& threads) const {
    for (int i = threads.thread(); i < parts_ * kept_ * quads_; i += threads.size()) {
      const int layer = i / quads_;  // of a part
      const int quad = i - layer * quads_;
      const int part = layer / kept_;
      const int group = part_begin(part) + held_ + layer - part * kept_;
      if (group >= part_begin(part + 1)) continue;
      const Square square = read_square(k, group, quad);
      MLRUN_UNROLL
      for (int row = 0; row < kMostFloats; ++row) {
        square.rows[row].store(kept_row(threads, layer, row) + quad * kMostFloats);
      }
    }
    for (int i = threads.thread(); i < rows_ * x_width(); i += threads.size()) x(threads)[i] = 0;
    return share_of<kRows>(k, threads.thread());
  }

  /// With a sync before, for x, and one behind, for y.
  template <int kRows>
  MLRUN_KERNEL void multiply(int64_t k, const BlockThreads& threads,
                             const Share<kRows>& share) const {
    if (share.begin < share.end) multiply_share(k, threads, share);
    if constexpr (BlockThreads::kMost < kMostThreads) {  // the host's stand for several each
      for (int i = threads.thread() + threads.size(); i < parts_ * quads_; i += threads.size()) {
        multiply_share(k, threads, share_of<kRows>(k, i));
      }
    }
  }

 private:
  static constexpr int kMostThreads = 512;
  static constexpr int64_t kMostReadAnew = 48 * 1024;

  BlockProduct(const BlockMatrix& w, int rows)
      : w_(w),
        aligned_(is_aligned(w.data) && w.stride % kMostFloats == 0),
        rows_(rows),
        held_(squares_held(rows)),
        groups_(static_cast<int>(groups_of(w.inner))),
        quads_(static_cast<int>(groups_of(w.columns))),
        parts_(std::clamp(kMostThreads / quads_, 1, groups_)) {}

  MLRUN_DEVICE int kept_floats() const { return parts_ * kept_ * kMostFloats * width(); }
  MLRUN_DEVICE int part_begin(int part) const { return groups_ * part / parts_; }

  // Beyond the last share an empty one.
  template <int kRows>
  MLRUN_KERNEL Share<kRows> share_of(int64_t k, int i) const {
    Share<kRows> share;
    if (i >= parts_ * quads_) return share;
    share.part = i / quads_;
    share.quad = i - share.part * quads_;
    share.begin = part_begin(share.part);
    share.end = part_begin(share.part + 1);
    MLRUN_UNROLL
    for (int j = 0; j < Share<kRows>::kHeld; ++j) {
      if (share.begin + j < share.end) share.held[j] = read_square(k, share.begin + j, share.quad);
    }
    return share;
  }

  template <int kRows>
  MLRUN_KERNEL void multiply_share(int64_t k, const BlockThreads& threads,
                                   const Share<kRows>& share) const {
    Floats<kMostFloats> sums[kRows] = {};
    MLRUN_UNROLL
    for (int j = 0; j < Share<kRows>::kHeld; ++j) {
      const int group = share.begin + j;
      if (group < share.end) add<kRows>(share.held[j], group, threads, sums);
    }
    const int first_kept = share.begin + Share<kRows>::kHeld;
    int group = first_kept;
    for (; group < share.end && group < first_kept + kept_; ++group) {
      const int layer = share.part * kept_ + group - first_kept;
      add<kRows>(read_kept(threads, layer, share.quad), group, threads, sums);
    }
    for (; group < share.end; ++group) {
      add<kRows>(read_square(k, group, share.quad), group, threads, sums);
    }
    MLRUN_UNROLL
    for (int row = 0; row < kRows; ++row) {
      sums[row].store(y(threads) + (share.part * kRows + row) * width() + share.quad * kMostFloats);
    }
  }

  MLRUN_KERNEL float* kept_row(const BlockThreads& threads, int layer, int row) const {
    return threads.shared() + (layer * kMostFloats + row) * width();
  }

  MLRUN_KERNEL Square read_kept(const BlockThreads& threads, int layer, int quad) const {
    Square square;
    MLRUN_UNROLL
    for (int row = 0; row < kMostFloats; ++row) {
      square.rows[row] =
          Floats<kMostFloats>::load(kept_row(threads, layer, row) + quad * kMostFloats);
    }
    return square;
  }

  MLRUN_KERNEL Square read_square(int64_t k, int group, int quad) const {
    const int rows = size_of_group(w_.inner, group);
    const int columns = size_of_group(w_.columns, quad);
    return w_.transposed ? transpose(read_lines(k, quad, columns, group, rows))
                         : read_lines(k, group, rows, quad, columns);
  }

  // As they lie in memory: lines of the numbers along which they are neighbours.
  MLRUN_KERNEL Square read_lines(int64_t k, int first_line, int lines, int first, int count) const {
    Square square;
    MLRUN_UNROLL
    for (int line = 0; line < kMostFloats; ++line) {
      const float* numbers =
          w_.data(k) + (int64_t{first_line} * kMostFloats + line) * w_.stride + first * kMostFloats;
      const bool all = aligned_ && line < lines && count == kMostFloats;
      square.rows[line] = load_some(numbers, all, line < lines ? count : 0);
    }
    return square;
  }

  MLRUN_KERNEL static Square transpose(const Square& x) {
    Square y;
    MLRUN_UNROLL
    for (int i = 0; i < kMostFloats; ++i) {
      MLRUN_UNROLL
      for (int j = 0; j < kMostFloats; ++j) y.rows[i].of[j] = x.rows[j].of[i];
    }
    return y;
  }

  template <int kRows>
  MLRUN_KERNEL void add(const Square& square, int group, const BlockThreads& threads,
                        Floats<kMostFloats>* sums) const {
    MLRUN_UNROLL
    for (int row = 0; row < kRows; ++row) {
      const auto numbers =
          Floats<kMostFloats>::load(x(threads) + row * x_width() + group * kMostFloats);
      MLRUN_UNROLL
      for (int i = 0; i < kMostFloats; ++i) {
        MLRUN_UNROLL
        for (int c = 0; c < kMostFloats; ++c) {
          sums[row].of[c] += numbers.of[i] * square.rows[i].of[c];
        }
      }
    }
  }

  BlockMatrix w_;
  bool aligned_;
  int rows_;
  int held_;    // squares of a share in registers
  int groups_;  // of four numbers of `inner`
  int quads_;   // of four columns
  int parts_;
  int kept_ = 0;  // further squares of a share in shared memory
};

}  // namespace mlrun::ops
