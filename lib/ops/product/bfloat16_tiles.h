// Products of packed bfloat16 by tiles of registers (AMX): 16 x 16 sums at a time.
#pragma once

#include <cstdint>

namespace mlrun::ops {

/// A part of a product, see Bfloat16Panels: some rows, at most 48 columns, some of k.
struct PanelProduct {
  const uint32_t* a;
  const uint32_t* b;  ///< `pairs` times 48 columns
  int64_t pairs;
  float* c;
  int64_t ldc;
  int64_t rows;     ///< of c
  int64_t columns;  ///< of c
  bool set;         ///< c is set, not added to
};

/// Whether this CPU has tiles of bfloat16, and the operating system lets this process and all that
/// it will start use them.
bool may_use_tiles();

/// The calling thread's tiles as multiply_by_tiles() needs them, as long as this lives.
class TileRegisters {
 public:
  TileRegisters();
  ~TileRegisters();
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

/// Up to 16 rows of c. a: for every 16 pairs, 16 rows of them. `pairs` is a multiple of 16.
void multiply_by_tiles(const PanelProduct& product);

}  // namespace mlrun::ops
