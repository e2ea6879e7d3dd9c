#include "trials/engine.h"

#include "train/gpu.h"

namespace mlrun::trials {

Engine make_engine(const Placement& placement) {
  return placement.gpu ? train::fit_all_on_gpu : train::fit_all;
}

}  // namespace mlrun::trials
