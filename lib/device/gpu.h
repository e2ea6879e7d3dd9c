// GPUs as far as names and the environment go.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlrun::device {

/// One entry of CUDA_VISIBLE_DEVICES.
struct GpuName {
  enum class Kind {
    kIndex,  ///< "0"
    kUuid,   ///< "GPU-8932f937", possibly abbreviated
    kMig,    ///< "MIG-..." (a slice of a GPU)
  };
  Kind kind = Kind::kIndex;
  int index = -1;    ///< of kIndex
  std::string text;  ///< as written

  bool operator==(const GpuName&) const = default;
};

/// What CUDA_VISIBLE_DEVICES allows; no value (variable not set) means all GPUs. As CUDA does, the
/// list ends at the first entry that is no device ("-1", "NoDevFiles", ""): so "" and "-1" are no
/// GPU, "1,-1,0" is GPU 1. (CUDA C++ Programming Guide, "CUDA Environment Variables".)
std::optional<std::vector<GpuName>> parse_visible_devices(std::optional<std::string_view> value);

}  // namespace mlrun::device
