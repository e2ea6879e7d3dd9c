// Runs one point: forks the workers, warms them up, starts them together, takes the time.
#pragma once

#include <vector>

#include "device/budget.h"
#include "scale/point.h"
#include "trials/search.h"

namespace mlrun::scale {

/// Throws Error when a worker dies or a training does not finish.
Measurement measure(const trials::Search& search, const device::Budget& budget, const Point& point);

}  // namespace mlrun::scale
