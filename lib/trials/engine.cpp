#include "trials/engine.h"

#include "base/error.h"
#include "device/gpu.h"

namespace mlrun::trials {

Engine make_engine(const Placement& placement) {
  if (placement.gpu) throw Error(placement.label() + ": " + device::gpu_absence());
  return train::fit;
}

}  // namespace mlrun::trials
