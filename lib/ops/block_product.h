// A product of a few rows with a matrix that is multiplied again and again, by one block of threads
// that keeps the matrix in its shared memory, or as much of it as fits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "ops/device_floats.h"
#include "ops/launch.h"

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

/// y = x W of x (rows, inner). A result is the sum of parts() numbers, each over a part of `inner`
/// in its order. Neither the rows of a block, nor what is in shared memory changes a bit of it.
///
/// Shared memory holds W in squares of 4 x 4 that lie row by row, then x, then the parts of y; all
/// rows are padded with zeros.
class BlockProduct {
 public:
  /// None if more of W would be read anew for each product than a product by a library costs.
  static std::optional<BlockProduct> plan(const BlockMatrix& w, int64_t rows,
                                          int64_t shared_floats) {
    BlockProduct p(w, static_cast<int>(rows));
    const int64_t beside = rows * (p.x_width() + p.parts_ * p.width());
    const int64_t room = std::max<int64_t>(shared_floats - beside, 0);
    p.kept_ = static_cast<int>(std::min<int64_t>(p.groups_, room / (kMostFloats * p.width())));
    const int64_t read_anew = int64_t{p.groups_ - p.kept_} * kMostFloats * p.width();
    if (beside > shared_floats || read_anew > kMostReadAnew) return std::nullopt;
    return p;
  }

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

  /// W of copy k into shared memory, and zeros into x. Before the first product, with a sync
  /// behind.
  MLRUN_KERNEL void load(int64_t k, const BlockThreads& threads) const {
    for (int i = threads.thread(); i < kept_ * quads_; i += threads.size()) {
      const int group = i / quads_;
      const Square square = read_square(k, group, i - group * quads_);
      MLRUN_UNROLL
      for (int row = 0; row < kMostFloats; ++row) {
        square.rows[row].store(kept_row(threads, group, row) + (i - group * quads_) * kMostFloats);
      }
    }
    for (int i = threads.thread(); i < rows_ * x_width(); i += threads.size()) x(threads)[i] = 0;
  }

  /// With a sync before, for x, and one behind, for y. kRows: those of the plan.
  template <int kRows>
  MLRUN_KERNEL void multiply(int64_t k, const BlockThreads& threads) const {
    for (int i = threads.thread(); i < parts_ * quads_; i += threads.size()) {
      const int part = i / quads_;
      const int quad = i - part * quads_;
      const int end = part_begin(part + 1);
      const int end_kept = end < kept_ ? end : kept_;
      int group = part_begin(part);
      Floats<kMostFloats> sums[kRows] = {};
      for (; group < end_kept; ++group) {
        add<kRows>(read_kept(threads, group, quad), group, threads, sums);
      }
      for (; group < end; ++group) {
        add<kRows>(read_square(k, group, quad), group, threads, sums);
      }
      MLRUN_UNROLL
      for (int row = 0; row < kRows; ++row) {
        sums[row].store(y(threads) + (part * kRows + row) * width() + quad * kMostFloats);
      }
    }
  }

 private:
  static constexpr int kThreads = 256;  // among which a product is divided, however many there are
  static constexpr int64_t kMostReadAnew = 48 * 1024;

  struct Square {
    Floats<kMostFloats> rows[kMostFloats];
  };

  BlockProduct(const BlockMatrix& w, int rows)
      : w_(w),
        aligned_(is_aligned(w.data) && w.stride % kMostFloats == 0),
        rows_(rows),
        groups_(static_cast<int>(groups_of(w.inner))),
        quads_(static_cast<int>(groups_of(w.columns))),
        parts_(std::clamp(kThreads / quads_, 1, groups_)) {}

  MLRUN_DEVICE int kept_floats() const { return kept_ * kMostFloats * width(); }
  MLRUN_DEVICE int part_begin(int part) const { return groups_ * part / parts_; }

  MLRUN_KERNEL float* kept_row(const BlockThreads& threads, int group, int row) const {
    return threads.shared() + (group * kMostFloats + row) * width();
  }

  MLRUN_KERNEL Square read_kept(const BlockThreads& threads, int group, int quad) const {
    Square square;
    MLRUN_UNROLL
    for (int row = 0; row < kMostFloats; ++row) {
      square.rows[row] =
          Floats<kMostFloats>::load(kept_row(threads, group, row) + quad * kMostFloats);
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
  int groups_;  // of four numbers of `inner`
  int quads_;   // of four columns
  int parts_;
  int kept_ = 0;  // groups of W in shared memory
};

}  // namespace mlrun::ops
