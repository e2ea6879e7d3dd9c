// The GPUs of this machine, and which of them this process may use.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "device/gpu.h"
#include "device/nvml.h"

namespace mlrun::device {

/// A GPU, or a slice of one in MIG mode (then the slices are the devices, not the GPU).
struct Gpu {
  int number = -1;  ///< what --gpus counts: the place among the visible ones; -1: not visible
  int index = -1;  ///< CUDA's: place by PCI bus among the GPUs that can be reached; a slice has its
                   ///< GPU's
  bool is_slice = false;
  std::string name;  ///< "NVIDIA H100 80GB HBM3"
  std::string uuid;
  std::string parent_uuid;         ///< of a slice: of its GPU
  std::string bus;                 ///< "00000000:17:00.0"
  std::string compute_capability;  ///< "9.0"; "" if not known
  std::optional<GpuMemory> memory;
  GpuReading reading;   ///< as of the survey
  std::string why_not;  ///< why no trial can go to it; visible ones may be too old

  bool is_visible() const { return number >= 0; }
  /// "gpu0 NVIDIA H100 80GB HBM3".
  std::string label() const;
  /// The value of CUDA_VISIBLE_DEVICES that shows this one alone, whatever the order of CUDA.
  std::string selector() const { return uuid.empty() ? std::to_string(index) : uuid; }
};

struct GpuSurvey {
  std::vector<Gpu> gpus;  ///< all there are; the visible ones are numbered from 0
  std::string absence;    ///< why there are none: no driver; "" if there are
  std::vector<std::string>
      notes;  ///< for people: what CUDA_VISIBLE_DEVICES names in vain, or as others do not

  std::vector<Gpu> visible() const;  ///< by number; also those that are too old
};

/// All devices of the driver, none of them numbered.
std::vector<Gpu> list_gpus(const Nvml& nvml);

/// The oldest GPUs that mlrun computes on.
inline constexpr double kLeastComputeCapability = 7.5;

/// Numbers the GPUs that CUDA_VISIBLE_DEVICES allows (`value` as in parse_visible_devices) in its
/// order. As CUDA does, the list ends at the first entry that fits no GPU, or more than one.
void number_visible(GpuSurvey& survey, std::optional<std::string_view> value);

/// Notes where other programs may count the GPUs otherwise than number_visible(): `order` is
/// CUDA_DEVICE_ORDER.
void note_order(GpuSurvey& survey, std::optional<std::string_view> value, std::string_view order);

/// Of a process that is to work on this GPU alone, before it touches CUDA.
void see_only(const Gpu& gpu);

/// Never throws: without a driver there are no GPUs, and `absence` says why.
GpuSurvey survey_gpus(const std::string& library = kNvmlLibrary);

}  // namespace mlrun::device
