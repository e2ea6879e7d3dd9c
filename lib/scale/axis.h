// One of the things that a study counts, and how far.
#pragma once

#include <string_view>
#include <vector>

#include "scale/point.h"

namespace mlrun::scale {

struct Axis {
  Strategy strategy = Strategy::kWorkers;
  std::vector<int> counts;  ///< sorted, starting with 1
};

/// What there is to be counted.
struct Limits {
  int cores = 1;
  int gpus = 0;  ///< of --gpus
};

/// The axis of this name. `counts` may be in any order, and lack the 1; empty: 1, 2, 4, ... as many
/// as there are, or 16. Throws InputError where there are not so many, or no GPU.
Axis make_axis(std::string_view name, std::vector<int> counts, const Limits& limits);

}  // namespace mlrun::scale
