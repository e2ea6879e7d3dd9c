#include "trials/engine.h"

#include "train/gpu.h"

namespace mlrun::trials {

Engine make_engine(const Placement& placement) {
  if (placement.gpu) return train::fit_on_gpu;
  return train::fit;
}

}  // namespace mlrun::trials
