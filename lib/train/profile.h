// Where the time of a training went, op by op.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/executable.h"
#include "ops/peak.h"

namespace mlrun::train {

/// One node of the training graph, or a part of the loop around it (then without work).
struct ProfileRow {
  std::string op;
  std::string shapes;  ///< "(N, 28) (28, 100) -> (N, 100)"
  int64_t calls = 0;
  double seconds = 0;
  double flops = 0;
  double bytes = 0;
};

/// In the order in which the nodes run.
std::vector<ProfileRow> profile_rows(const graph::Executable& executable);

}  // namespace mlrun::train
