// What devices make of the precisions that a search asks for.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "device/gpu_survey.h"
#include "trials/search.h"

namespace mlrun::trials {

/// Of each precision but float32, in the order of the cells, on each of the GPUs, or without any on
/// the CPU (ops::describe()); each text once. `only_surprises`: where it is not what was asked for,
/// or slow.
std::vector<std::string> describe_precisions(const Search& search,
                                             std::span<const device::Gpu> gpus,
                                             bool only_surprises = false);

}  // namespace mlrun::trials
