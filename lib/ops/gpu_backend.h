// What the GPU module offers: all that the program and libmlrun_cuda.so know of each other.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "device/context.h"
#include "graph/op.h"

namespace mlrun::ops {

/// One GPU, as CUDA sees it.
struct GpuProperties {
  std::string name;
  int64_t memory_bytes = 0;
  int64_t free_bytes = 0;
  int capability_major = 0;
  int capability_minor = 0;
  int multiprocessors = 0;
  std::string uuid;  ///< "GPU-..." as NVML and CUDA_VISIBLE_DEVICES spell it
};

/// Functions throw Error. `version` is the first member in every version of this struct, and the
/// only one that may be read before it is known to be the program's own.
struct GpuBackend {
  const char* version;  ///< build_version() of the module
  const graph::KernelTable* kernels;
  int (*device_count)();
  GpuProperties (*properties)(int ordinal);
  std::unique_ptr<device::Context> (*make_context)(int ordinal);
  std::vector<std::pair<std::string, std::string>> (*libraries)();  ///< name, version
  bool (*is_sound)();  ///< after an error: whether this process can go on using its GPU
};

/// The module's only exported function, by name.
inline constexpr const char* kGpuBackendSymbol = "mlrun_gpu_backend";
using GpuBackendFunction = const GpuBackend* (*)();

/// "0.1.0 1a2b3c4d5e6f": two builds that may work together have the same.
std::string build_version();

}  // namespace mlrun::ops
