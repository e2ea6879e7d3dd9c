#include <algorithm>

#include "base/divide.h"
#include "ops/product/bfloat16.h"
#include "ops/product/matmul.h"

namespace mlrun::ops {
namespace {

// Below this many floats to convert, and multiply-adds, a second thread costs more than it brings.
constexpr int64_t kPackGrain = 1 << 14;
constexpr int64_t kPanelGrain = 1 << 19;
constexpr int64_t kTilesGrain = 1 << 21;
// Products with a side shorter than this leave most of a tile, or of what is packed, empty.
constexpr int64_t kLeastSide = 8;

bool fills_tiles(const GemmArgs& x) { return std::min({x.m, x.n, x.k}) >= kLeastSide; }

int64_t panel_grain() { return bfloat16_way() == Bfloat16Way::kTiles ? kTilesGrain : kPanelGrain; }

void pack(const Bfloat16Panels& panels, const GemmArgs& x, device::ThreadTeam& team,
          std::byte* memory) {
  const int64_t grain = divide_up(kPackGrain, Bfloat16Panels::kLanes * x.k);
  device::parallel_for(team, panels.slices(), grain,
                       [&](int64_t begin, int64_t end) { panels.pack(begin, end, memory); });
}

// Panels in the order of columns, then rows: every thread gets the same number.
void multiply_panels(const Bfloat16Panels& panels, const GemmArgs& x, device::ThreadTeam& team,
                     const std::byte* memory) {
  const int64_t rows = panels.row_panels();
  const int64_t grain =
      divide_up(panel_grain(), Bfloat16Panels::kRows * Bfloat16Panels::kColumns * x.k);
  device::parallel_for(team, rows * panels.column_panels(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end;) {
      const int64_t column = at / rows;
      const int64_t row = at % rows;
      const int64_t end_row = std::min(rows, row + end - at);
      panels.multiply({row, end_row, column, column + 1}, memory);
      at += end_row - row;
    }
  });
}

// Whole rows, and the epilogue on some of them while they are in cache.
void multiply_rows(const Bfloat16Panels& panels, const GemmArgs& x, device::ThreadTeam& team,
                   const std::byte* memory, const RowsWork& epilogue) {
  const int64_t grain = divide_up(panel_grain(), Bfloat16Panels::kRows * x.n * x.k);
  const int64_t most = std::max<int64_t>(kEpilogueBytes / (4 * Bfloat16Panels::kRows * x.n), 4);
  device::parallel_for(team, panels.row_panels(), grain, [&](int64_t begin, int64_t end) {
    const int64_t chunks = divide_up(end - begin, most);
    for (int64_t i = 0; i < chunks; ++i) {
      const int64_t row = begin + (end - begin) * i / chunks;
      const int64_t end_row = begin + (end - begin) * (i + 1) / chunks;
      panels.multiply({row, end_row, 0, panels.column_panels()}, memory);
      epilogue(row * Bfloat16Panels::kRows, std::min(end_row * Bfloat16Panels::kRows, x.m));
    }
  });
}

}  // namespace

int64_t bfloat16_workspace(const GemmArgs& x) {
  return std::max(Bfloat16Panels(x).bytes(), rounded_workspace(x));
}

void multiply_bfloat16(const GemmArgs& x, device::ThreadTeam& team, std::byte* workspace,
                       const RowsWork* epilogue) {
  if (!multiplies_bfloat16() || !fills_tiles(x)) {
    return multiply_rounded(x, round_to_bfloat16, team, workspace, epilogue);
  }
  const Bfloat16Panels panels(x);
  pack(panels, x, team, workspace);
  if (epilogue) {
    multiply_rows(panels, x, team, workspace, *epilogue);
  } else {
    multiply_panels(panels, x, team, workspace);
  }
}

}  // namespace mlrun::ops
