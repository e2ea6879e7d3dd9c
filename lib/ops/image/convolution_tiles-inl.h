// The tiles of sums that convolutions keep in registers, and the kernel for a tile's size.
//
// Included once per instruction set, like ops/kernel/simd-inl.h.
#include "ops/kernel/simd-inl.h"

#if defined(MLRUN_OPS_CONVOLUTION_TILES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MLRUN_OPS_CONVOLUTION_TILES_INL_H_
#undef MLRUN_OPS_CONVOLUTION_TILES_INL_H_
#else
#define MLRUN_OPS_CONVOLUTION_TILES_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace mlrun::ops::HWY_NAMESPACE {

// Six rows of four vectors fill the 32 registers of AVX-512, of two vectors the 16 of AVX2:
// 6 x 4 sums + 4 factors by vectors + 1 by rows, 6 x 2 + 2 + 1.
inline constexpr int64_t kTileRows = 6;
#if HWY_TARGET <= HWY_AVX3
inline constexpr int kTileVectors = 4;
#else
inline constexpr int kTileVectors = 2;
#endif

/// Kernel::run<R, vectors>, with 1 <= vectors <= kTileVectors.
template <class Kernel, int R>
auto kernel_of_rows(int64_t vectors) {
  switch (vectors) {
    case 1:
      return Kernel::template run<R, 1>;
    case 2:
      return Kernel::template run<R, 2>;
#if HWY_TARGET <= HWY_AVX3
    case 3:
      return Kernel::template run<R, 3>;
#endif
    default:
      return Kernel::template run<R, kTileVectors>;
  }
}

/// Kernel::run<rows, vectors>, with 1 <= rows <= kTileRows.
template <class Kernel>
auto kernel_of_tile(int64_t rows, int64_t vectors) {
  switch (rows) {
    case 1:
      return kernel_of_rows<Kernel, 1>(vectors);
    case 2:
      return kernel_of_rows<Kernel, 2>(vectors);
    case 3:
      return kernel_of_rows<Kernel, 3>(vectors);
    case 4:
      return kernel_of_rows<Kernel, 4>(vectors);
    case 5:
      return kernel_of_rows<Kernel, 5>(vectors);
    default:
      return kernel_of_rows<Kernel, 6>(vectors);
  }
}

}  // namespace mlrun::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
