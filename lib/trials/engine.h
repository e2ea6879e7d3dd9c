// What trains on a device: the one way from the trials to a backend.
#pragma once

#include <functional>
#include <span>

#include "train/fit.h"
#include "trials/placement.h"

namespace mlrun::trials {

/// One training, or a stack of them, with hooks for each; told of each as it ends. Called by
/// several threads of a worker at once where its device takes several trials. Throws
/// device::OutOfDeviceMemory and device::DeviceLost besides other errors.
using Engine = std::function<void(std::span<const train::FitInput>,
                                  std::span<const train::FitHooks>, const train::FitEnd&)>;

/// Makes the engine of a placement, in the worker's process; may throw as an Engine does.
using EngineMaker = std::function<Engine(const Placement&)>;

/// The engines of this program. A worker on a GPU sees that one only.
Engine make_engine(const Placement& placement);

}  // namespace mlrun::trials
