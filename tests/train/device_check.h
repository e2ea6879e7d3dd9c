// Trainings on a device whose memory the host cannot touch.
#pragma once

#include "train/fit.h"

namespace mlrun::test {

/// Everything but the times: NaN equals NaN.
void check_same(const train::FitResult& a, const train::FitResult& b);

/// The losses as far as float allows: closely in the first epoch, and near in those that follow
/// from it.
void check_close(const train::FitResult& got, const train::FitResult& want);

/// Trains `input` again on a ProtectedContext, whose kernels are the CPU's: the result must be
/// `want` to the last bit. Then on the emulated GPU, and on the GPU, if there is one, where it must
/// be close.
void check_on_device(train::FitInput input, const train::FitResult& want);

/// The GPU's kernels as loops of the host, on memory that it cannot touch outside of them.
graph::BackendFactory emulated_gpu();

}  // namespace mlrun::test
