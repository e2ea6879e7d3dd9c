// Runs one point: forks the workers, warms them up, starts them together, takes the time.
#pragma once

#include <optional>

#include "device/budget.h"
#include "scale/point.h"
#include "trials/search.h"

namespace mlrun::scale {

/// Nothing when a signal asked to stop (trials::InterruptGuard). Throws Error when a worker dies or
/// a training does not finish.
std::optional<Measurement> measure(const trials::Search& search, const device::Budget& budget,
                                   const Point& point);

}  // namespace mlrun::scale
