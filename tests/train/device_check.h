// Trainings on a device whose memory the host cannot touch.
#pragma once

#include "train/fit.h"

namespace mlrun::test {

/// Everything but the times: NaN equals NaN.
void check_same(const train::FitResult& a, const train::FitResult& b);

/// Trains `input` again on a ProtectedContext, whose kernels are the CPU's: the result must be
/// `want` to the last bit.
void check_on_device(train::FitInput input, const train::FitResult& want);

}  // namespace mlrun::test
