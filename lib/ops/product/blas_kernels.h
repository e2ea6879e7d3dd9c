// Which of its kernels the BLAS multiplies with.
#pragma once

#include <string>

namespace mlrun::ops {

/// An OpenBLAS that is older than the processor does not know its name, and then uses kernels for
/// any x86-64 ("Prescott": SSE3), at an eighth of the speed. Gives it those for the vectors that
/// the processor has; leaves all else alone, and any choice made by OPENBLAS_CORETYPE. To be called
/// while there is one thread.
void choose_blas_kernels();

/// Uses the kernels of this name, if there are several to choose from. While there is one thread.
void use_blas_kernels(const char* name);

/// "SkylakeX", "Haswell", "Zen", ...
std::string blas_kernels();

}  // namespace mlrun::ops
