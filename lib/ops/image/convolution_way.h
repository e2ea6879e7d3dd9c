// Which of two ways a GPU takes for a convolution. It is known before the run and never a matter of
// time: results must be the same in every run.
#pragma once

namespace mlrun::ops {

/// By a library of convolutions, where it has a kernel; else, and always in float32, as a matrix
/// product over patches (ops/image/convolution_patches.h).
inline bool convolves_by_library(bool may_use_tf32) { return may_use_tf32; }

}  // namespace mlrun::ops
