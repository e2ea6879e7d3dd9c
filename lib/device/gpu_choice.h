// Which GPUs a run takes: --gpus.
#pragma once

#include <string>
#include <vector>

#include "device/gpu_survey.h"

namespace mlrun::device {

/// The devices that a name of CUDA_VISIBLE_DEVICES stands for, as places in `gpus`: a GPU in MIG
/// mode stands for its slices. Empty when it fits nothing, or, abbreviated, more than one GPU or
/// slice.
std::vector<size_t> devices_of(const std::vector<Gpu>& gpus, const GpuName& name);

/// The GPUs of --gpus, in its order: "none" or "" (no GPU), "all" (that can be used), or a list of
/// numbers (among the visible ones, as CUDA counts), UUIDs and MIG names (possibly abbreviated).
/// Throws InputError with what there is, for a name that fits no visible GPU, fits several, repeats
/// one, or is of one that cannot be used.
std::vector<Gpu> choose_gpus(const GpuSurvey& survey, const std::string& gpus);

/// Whether they are not of one compute capability: then they need not round alike.
bool are_unlike(const std::vector<Gpu>& gpus);

}  // namespace mlrun::device
