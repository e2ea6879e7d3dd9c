// Runs one point: forks the workers, warms them up, starts them together, takes the time.
#pragma once

#include <optional>
#include <vector>

#include "device/budget.h"
#include "device/gpu_survey.h"
#include "scale/point.h"
#include "trials/engine.h"
#include "trials/search.h"

namespace mlrun::scale {

/// What a study is measured on.
struct Equipment {
  const device::Budget& budget;
  std::vector<device::Gpu> gpus;  ///< over GPUs one for each worker, over others the first
  trials::EngineMaker make_engine = trials::make_engine;
};

/// Nothing when a signal asked to stop (trials::InterruptGuard). Throws Error when a worker dies or
/// a training does not finish.
std::optional<Measurement> measure(const trials::Search& search, const Equipment& equipment,
                                   const Point& point);

}  // namespace mlrun::scale
