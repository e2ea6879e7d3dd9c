// What a device may answer besides a result. The scheduler treats each in its own way.
#pragma once

#include "base/error.h"

namespace mlrun::device {

/// The device has no memory left for this training: beside fewer others it may fit.
class OutOfDeviceMemory : public Error {
 public:
  using Error::Error;
};

/// The GPU has fallen off the bus, wants a reset or takes no process: none can compute on it, and
/// what ran on it may run elsewhere. A process whose own context is broken on a sound GPU ends
/// instead; the next one gets a new context.
class DeviceLost : public Error {
 public:
  using Error::Error;
};

}  // namespace mlrun::device
