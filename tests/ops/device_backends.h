// The backends of the op harness whose memory the host cannot touch.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "device/context.h"
#include "graph/op.h"

namespace mlrun::ops::testing {

struct DeviceBackend {
  std::string name;
  const graph::KernelTable* kernels;
  std::shared_ptr<device::Context> context;
  bool bitwise = true;  ///< fused, in a stack or replayed, the bits are the same
};

/// The emulated GPU, and a real one where there is one.
const std::vector<DeviceBackend>& device_backends();

}  // namespace mlrun::ops::testing
