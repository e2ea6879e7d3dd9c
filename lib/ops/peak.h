// What this machine can do at most, measured: the yardstick of a profile.
#pragma once

#include "device/context.h"

namespace mlrun::ops {

struct Peak {
  double flops_per_second = 0;  ///< of matrix products that fit the caches
  double bytes_per_second = 0;  ///< read from and written to main memory
};

/// Takes some 0.3 s with all threads of the context, and 128 MiB.
Peak measure_peak_cpu(device::Context& context);

}  // namespace mlrun::ops
