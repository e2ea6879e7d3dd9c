// What the NVIDIA driver says of its GPUs, through its management library (NVML), which is opened
// at run time: a machine without a driver has none, and the CUDA toolkit alone does not bring it.
//
// Functions and units after NVIDIA, "NVML API Reference Guide". What a driver or a GPU does not
// know is an absent value, never a failure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlrun::device {

inline constexpr const char* kNvmlLibrary = "libnvidia-ml.so.1";

/// What changes while a GPU computes. NVML's own averages: power over up to a second, utilisation
/// over a sixth of a second to one, as the GPU has it.
struct GpuReading {
  std::optional<double> power_w;
  std::optional<double> temperature_c;
  std::optional<double> sm_clock_mhz;
  std::optional<double> utilization;  ///< share of the time in which a kernel ran, 0 to 1
  std::optional<int64_t> memory_used_bytes;
};

struct GpuMemory {
  int64_t total_bytes = 0;
  int64_t free_bytes = 0;
  int64_t used_bytes = 0;
};

/// The opened library. Starts no thread and initialises no CUDA: the parent may fork with it.
class Nvml {
 public:
  /// A GPU or a MIG slice of one; valid as long as the Nvml.
  using Device = struct OpaqueNvmlDevice*;

  /// Throws Error: there is no such library, it is no NVML, or no driver is loaded.
  explicit Nvml(const std::string& library = kNvmlLibrary);
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// In the order of the PCI bus, which CUDA follows under CUDA_DEVICE_ORDER=PCI_BUS_ID.
  int count() const;
  /// Nothing where the GPU cannot be reached; then `why` says it.
  std::optional<Device> device(int index, std::string& why) const;
  /// By the UUID of a GPU or a slice.
  std::optional<Device> find(const std::string& uuid) const;

  std::string name(Device device) const;  ///< "" if not known, as the next ones
  std::string uuid(Device device) const;
  std::string bus(Device device) const;                 ///< "00000000:17:00.0"
  std::string compute_capability(Device device) const;  ///< "9.0"
  std::optional<GpuMemory> memory(Device device) const;
  bool in_mig_mode(Device device) const;
  std::vector<Device> slices(Device device) const;  ///< the MIG slices that have been made

  GpuReading read(Device device) const;
  std::optional<double> power_w(Device device) const;
  std::optional<double> energy_j(Device device) const;  ///< since the driver was loaded

  /// Why the GPU no longer computes ("GPU is lost"); "" while it does.
  std::string loss(Device device) const;

 private:
  template <class... Arguments>
  int call(const char* function, Arguments... arguments) const;
  std::string error_string(int result) const;

  void* library_ = nullptr;
};

}  // namespace mlrun::device
