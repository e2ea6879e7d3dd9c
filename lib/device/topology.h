// Inside lib/device only: what /sys tells about CPUs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "device/budget.h"

namespace mlrun::device {

/// "0-2,8" -> {0, 1, 2, 8}; what is no number is skipped.
std::vector<int> parse_cpu_list(std::string_view text);

/// The CPUs with node and siblings where known, ordered as Budget::cores wants them.
std::vector<Core> describe_cores(const std::string& sys_root, const std::vector<int>& cpus);

}  // namespace mlrun::device
