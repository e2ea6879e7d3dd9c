#include <algorithm>

#include "base/divide.h"
#include "device/cpu_context.h"
#include "ops/product/float16.h"
#include "ops/product/gemm.h"
#include "ops/product/matmul.h"
#include "ops/product/tiled_gemm.h"

namespace mlrun::ops {
namespace {

// Below this many multiply-adds, and floats moved, a second thread costs more than it brings.
constexpr int64_t kParallelWork = 1 << 18;
constexpr int64_t kParallelFloats = 1 << 16;
// Blocks smaller than this cost the BLAS too much of its speed.
constexpr int64_t kBlockRows = 96;
constexpr int64_t kBlockColumns = 48;

// The product as blocks of rows or, where there are few rows, of columns. The BLAS rounds
// differently for different block sizes; these depend on the shape alone, so that the result does
// not depend on the number of threads or on an epilogue.
struct Blocks {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t count = 0;
  int64_t grain = 1;  ///< blocks that are worth a thread
};

Blocks blocks_of(const GemmArgs& x) {
  Blocks blocks{x.m, x.n, x.m == 0 || x.n == 0 ? 0 : 1, 1};
  const int64_t moved = x.m * x.n + x.m * x.k + x.k * x.n;
  const int64_t worthwhile = std::max(x.m * x.n * x.k / kParallelWork, moved / kParallelFloats);
  const int64_t by_rows = std::min(x.m / kBlockRows, worthwhile);
  const int64_t by_columns = std::min({x.n / kBlockColumns, worthwhile, int64_t{16}});
  if (by_rows > 1) {
    const int64_t row_bytes = 4 * x.n;
    blocks.rows = std::min(std::max(divide_up(x.m, 16), divide_up(x.m, by_rows)),
                           std::max(2 * kBlockRows, kEpilogueBytes / row_bytes));
    blocks.count = divide_up(x.m, blocks.rows);
  } else if (by_columns > 1) {
    blocks.columns = divide_up(divide_up(x.n, by_columns), 16) * 16;
    blocks.count = divide_up(x.n, blocks.columns);
  }
  blocks.grain = divide_up(blocks.count, std::max<int64_t>(worthwhile, 1));
  return blocks;
}

// The part of the product with the rows [row, end_row) and the columns [column, end_column).
GemmArgs part_of(const GemmArgs& whole, int64_t row, int64_t end_row, int64_t column,
                 int64_t end_column) {
  GemmArgs x = whole;
  x.m = end_row - row;
  x.n = end_column - column;
  x.a += row * (x.transpose_a ? 1 : x.lda);
  x.b += column * (x.transpose_b ? x.ldb : 1);
  x.c += row * x.ldc + column;
  return x;
}

// Through the BLAS.
void multiply_blocks(const GemmArgs& whole, device::ThreadTeam& team, const RowsWork* epilogue) {
  const Blocks blocks = blocks_of(whole);
  const bool whole_rows = blocks.columns == whole.n;
  device::parallel_for(team, blocks.count, blocks.grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = whole_rows ? i * blocks.rows : 0;
      const int64_t column = whole_rows ? 0 : i * blocks.columns;
      const int64_t end_row = std::min(row + blocks.rows, whole.m);
      gemm(part_of(whole, row, end_row, column, std::min(column + blocks.columns, whole.n)));
      if (epilogue && whole_rows) (*epilogue)(row, end_row);
    }
  });
  if (epilogue && !whole_rows) device::parallel_for(team, whole.m, kBlockRows / 4, *epilogue);
}

// Tiles in the order of columns, then rows: every thread gets the same number, and copies only the
// columns of b that it needs.
void multiply_tiles(const GemmArgs& whole, device::ThreadTeam& team) {
  const int64_t rows = divide_up(whole.m, kTiledRows);
  const int64_t columns = divide_up(whole.n, kTiledColumns);
  const int64_t grain = divide_up(kParallelWork, kTiledRows * kTiledColumns * whole.k);
  device::parallel_for(team, rows * columns, grain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t column = at / rows;
      const int64_t row = at % rows;
      // As many whole columns as there are, so that a is read once for all of them.
      const int64_t whole_columns = row == 0 ? (end - at) / rows : 0;
      const int64_t end_column = column + std::max<int64_t>(whole_columns, 1);
      const int64_t end_row = whole_columns > 0 ? rows : std::min(rows, row + end - at);
      tiled_gemm(part_of(whole, row * kTiledRows, std::min(end_row * kTiledRows, whole.m),
                         column * kTiledColumns, std::min(end_column * kTiledColumns, whole.n)));
      at += (end_row - row) * (end_column - column);
    }
  });
}

// Whole rows, and the epilogue on some of them while they are in cache.
void multiply_tiles(const GemmArgs& whole, device::ThreadTeam& team, const RowsWork& epilogue) {
  const int64_t rows = divide_up(whole.m, kTiledRows);
  const int64_t grain = divide_up(kParallelWork, kTiledRows * whole.n * whole.k);
  const int64_t most = std::max<int64_t>(kEpilogueBytes / (4 * kTiledRows * whole.n), 8);
  device::parallel_for(team, rows, grain, [&](int64_t begin, int64_t end) {
    const int64_t chunks = divide_up(end - begin, most);
    for (int64_t i = 0; i < chunks; ++i) {
      const int64_t row = (begin + (end - begin) * i / chunks) * kTiledRows;
      const int64_t end_row =
          std::min((begin + (end - begin) * (i + 1) / chunks) * kTiledRows, whole.m);
      tiled_gemm(part_of(whole, row, end_row, 0, whole.n));
      epilogue(row, end_row);
    }
  });
}

}  // namespace

GemmArgs product_args(const MatMulOp& op, const Shape& a, const Shape& b) {
  const int64_t columns = a.back();
  const int64_t rows = Shape(a.dims().first(static_cast<size_t>(a.rank() - 1))).elements();
  GemmArgs x;
  x.transpose_a = op.transpose_a();
  x.transpose_b = op.transpose_b();
  x.m = x.transpose_a ? columns : rows;
  x.k = x.transpose_a ? rows : columns;
  x.n = x.transpose_b ? b[0] : b.back();
  x.lda = std::max<int64_t>(columns, 1);
  x.ldb = std::max<int64_t>(b.back(), 1);
  x.ldc = x.n;
  return x;
}

void multiply_float32(const GemmArgs& product, device::ThreadTeam& team, const RowsWork* epilogue) {
  if (!prefers_tiled_gemm(product)) {
    multiply_blocks(product, team, epilogue);
  } else if (epilogue) {
    multiply_tiles(product, team, *epilogue);
  } else {
    multiply_tiles(product, team);
  }
}

void matmul_cpu(const graph::KernelCall& call) {
  const auto& op = static_cast<const MatMulOp&>(call.op);
  const EpilogueRun epilogue(call);
  GemmArgs product = product_args(op, call.in[0].shape, call.in[1].shape);
  product.a = call.in[0].f32();
  product.b = call.in[1].f32();
  product.c = epilogue.product().f32();
  const auto run_epilogue = [&](int64_t row, int64_t end) {
    epilogue.run(row * product.n, end * product.n);
  };
  const RowsWork on_rows(run_epilogue);
  const RowsWork* work = epilogue.any() ? &on_rows : nullptr;
  device::ThreadTeam& team = device::cpu_team(call.context);
  switch (op.precision()) {
    case Precision::kFloat32:
    case Precision::kTfloat32:  // no CPU has it
      return multiply_float32(product, team, work);
    case Precision::kBfloat16:
      return multiply_bfloat16(product, team, call.workspace, work);
    case Precision::kFloat16:
      return multiply_rounded(product, round_to_float16, team, call.workspace, work);
  }
}

}  // namespace mlrun::ops
