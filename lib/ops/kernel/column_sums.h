// In which order reduce_columns() adds up: shared by the GPU's and the emulated launch layer.
#pragma once

#include <algorithm>
#include <cstdint>

namespace mlrun::ops {

/// The rows are cut into `chunks`, summed side by side. In a chunk, `lanes` lanes take every
/// lanes-th row; their sums are added as a tree. What the chunks have is then summed as if it were
/// rows: of_chunks().
struct ColumnSums {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t chunk = 1;   ///< rows of each
  int64_t chunks = 1;  ///< 0 rows: one that is empty
  int tile = 1;        ///< neighbouring columns that a block sums; a power of two
  int lanes = 1;

  static constexpr int kThreads = 256;
  static constexpr int64_t kMaxChunks = 64;
  static constexpr int64_t kScratchBytes = int64_t{4} << 20;  ///< for the sums of the chunks

  ColumnSums(int64_t row_count, int64_t column_count, int64_t bytes_per_sum)
      : rows(row_count), columns(column_count) {
    while (tile < 32 && tile < columns) tile *= 2;
    lanes = kThreads / tile;
    const int64_t least = int64_t{16} * lanes;  // a lane with fewer rows costs more than it brings
    const int64_t room = kScratchBytes / std::max<int64_t>(columns * bytes_per_sum, 1);
    const int64_t most = std::clamp<int64_t>(room, 1, kMaxChunks);
    chunk = std::max(least, (rows + most - 1) / most);
    chunks = std::max<int64_t>((rows + chunk - 1) / chunk, 1);
  }

  /// How the sums of the chunks are added: all in one chunk, by so many lanes that none waits for
  /// more than a few numbers, one after the other.
  ColumnSums of_chunks() const {
    ColumnSums s = *this;
    s.rows = s.chunk = chunks;
    s.chunks = 1;
    while (s.tile > 1 && 2 * s.lanes < chunks) {
      s.tile /= 2;
      s.lanes *= 2;
    }
    return s;
  }

  int64_t tiles() const { return (columns + tile - 1) / tile; }

  /// Copies of a stack whose chunks fit into the scratch memory together; at least one.
  int64_t copies_at_once(int64_t bytes_per_sum) const {
    const int64_t bytes = std::max<int64_t>(chunks * columns * bytes_per_sum, 1);
    return chunks == 1 ? INT64_MAX : std::max<int64_t>(kScratchBytes / bytes, 1);
  }
};

}  // namespace mlrun::ops
