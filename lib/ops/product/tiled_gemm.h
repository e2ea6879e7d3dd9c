// A matrix product of our own, for the shapes where the BLAS is slower.
#pragma once

#include "ops/product/gemm.h"

namespace mlrun::ops {

/// c = op(a) op(b), see GemmArgs. An element of c is one sum in the order of k, whatever part of c
/// is asked for: c may be cut anywhere, between any number of threads, without changing a bit.
/// Thread-safe; never allocates (64 KiB of stack).
void tiled_gemm(const GemmArgs& args);

/// Whether it is at least as fast as the BLAS, as measured (lib/README.md). Of the whole product:
/// parts of one go the same way.
bool prefers_tiled_gemm(const GemmArgs& args);

/// Parts of c should start at multiples of these.
inline constexpr int64_t kTiledRows = 8;
inline constexpr int64_t kTiledColumns = 48;

}  // namespace mlrun::ops
