// Where a worker computes.
#pragma once

#include <optional>
#include <string>

#include "device/gpu_survey.h"

namespace mlrun::trials {

struct Placement {
  std::optional<device::Gpu> gpu;  ///< none: on the CPU

  /// "cpu", "gpu0 NVIDIA H100 80GB HBM3": `device` in /trials.
  std::string label() const { return gpu ? gpu->label() : "cpu"; }
};

}  // namespace mlrun::trials
