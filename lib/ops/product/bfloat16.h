// Matrix products in bfloat16: the operands have 8 bits of mantissa, the sums are float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/divide.h"
#include "ops/product/gemm.h"

namespace mlrun::ops {

/// The nearest bfloat16 as a float, ties to even; NaN stays NaN, subnormal numbers are 0, as the
/// instructions of AVX-512 have it.
void round_to_bfloat16(const float* x, float* y, int64_t n);

/// With which instructions this CPU multiplies bfloat16: avx512_bf16, or those with amx_bf16, if
/// the operating system lets this process use its tiles.
enum class Bfloat16Way : uint8_t { kNone, kVectors, kTiles };

Bfloat16Way bfloat16_way();

inline bool multiplies_bfloat16() { return bfloat16_way() != Bfloat16Way::kNone; }

struct PanelProduct;  // ops/product/bfloat16_tiles.h

/// The panels that one product reads: a in groups of 16 rows, b in groups of 48 columns, each with
/// pairs of neighbours in k side by side. Of the product's shape and the instructions alone.
class Bfloat16Panels {
 public:
  static constexpr int64_t kLanes = 16;
  static constexpr int64_t kRows = kLanes;
  static constexpr int64_t kColumns = 3 * kLanes;

  explicit Bfloat16Panels(const GemmArgs& product, Bfloat16Way way = bfloat16_way())
      : x_(product), way_(way) {}

  /// Memory for pack(), 64-byte aligned.
  int64_t bytes() const {
    return (row_panels() * kRows + column_panels() * kColumns) * pairs() * 4;
  }

  int64_t row_panels() const { return divide_up(x_.m, kRows); }
  int64_t column_panels() const { return divide_up(x_.n, kColumns); }

  /// Parts of the packing, of equal work: 16 rows of a, or 16 columns of b.
  int64_t slices() const { return row_panels() + divide_up(x_.n, kLanes); }
  void pack(int64_t begin_slice, int64_t end_slice, std::byte* memory) const;

  /// c, for some panels of its rows and columns, from all that was packed. An element of c is one
  /// sum in the order of k. Thread-safe; never allocates. Only where the CPU knows the way.
  struct Part {
    int64_t row, end_row, column, end_column;  ///< in panels
  };
  void multiply(const Part& part, const std::byte* memory) const;

 private:
  void multiply(const Part& part, const std::byte* memory, int64_t most_pairs, int64_t rows,
                void (*kernel)(const PanelProduct&)) const;

  // Tiles are filled up with zeros.
  int64_t pairs() const {
    const int64_t pairs = divide_up(x_.k, int64_t{2});
    return way_ == Bfloat16Way::kTiles ? round_up(pairs, kLanes) : pairs;
  }

  GemmArgs x_;
  Bfloat16Way way_;
};

}  // namespace mlrun::ops
