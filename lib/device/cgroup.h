// Inside lib/device only: limits of the control groups, version 1 and 2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "device/budget.h"

namespace mlrun::device {

/// The tightest CPU quota in cores ("1.5"), if there is any.
std::optional<double> cgroup_cores(const BudgetSources& sources);

/// The tightest memory limit in bytes, if there is any.
std::optional<int64_t> cgroup_memory(const BudgetSources& sources);

/// Content of a small file, "" if it cannot be read.
std::string read_small_file(const std::string& path);

}  // namespace mlrun::device
