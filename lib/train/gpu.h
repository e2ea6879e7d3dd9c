// Training on the GPU that a process sees.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/fit.h"

namespace mlrun::train {

/// fit() on the first GPU that CUDA shows this process, which must not fork any more. Throws Error
/// that names what is missing for it: the module, the driver, a kernel; device::OutOfDeviceMemory.
/// Where an error has left the process without a working GPU, it ends: the next one has one again.
FitResult fit_on_gpu(const FitInput& input, const FitHooks& hooks = {});

/// The same with fit_all().
void fit_all_on_gpu(std::span<const FitInput> inputs, std::span<const FitHooks> hooks,
                    const FitEnd& ended);

/// Why this process computes on no GPU; "" if it can. Starts CUDA, with the same consequence.
std::string why_no_gpu();

}  // namespace mlrun::train
